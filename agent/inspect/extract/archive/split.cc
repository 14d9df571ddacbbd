#include "agent/inspect/extract/archive/split.h"

#include <cstddef>
#include <optional>

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view k7z = "7z\xbc\xaf\x27\x1c"sv;
constexpr std::string_view kRar4 = "Rar!\x1a\x07\0"sv;
constexpr std::string_view kRar5 = "Rar!\x1a\x07\x01\0"sv;
constexpr uint64_t k7zStartHeaderBytes = 32;

uint64_t LittleEndian(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) {
    value = value << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
  }
  return value;
}

// The end header lies where the start header says (7-Zip, 7zFormat.txt, "SignatureHeader").
bool Is7zCut(std::string_view head, uint64_t bytes) {
  const uint64_t offset = LittleEndian(head, 12, 8);
  const uint64_t size = LittleEndian(head, 20, 8);
  const uint64_t left = bytes > k7zStartHeaderBytes ? bytes - k7zStartHeaderBytes : 0;
  return offset > left || size > left - offset;
}

// Seven bits a byte, the lowest first (RAR 5.0 archive format, "vint").
std::optional<uint64_t> TakeVint(std::string_view* bytes) {
  constexpr size_t kVintBytesMax = 10;
  uint64_t value = 0;
  for (size_t i = 0; i < kVintBytesMax && i < bytes->size(); ++i) {
    const auto byte = static_cast<unsigned char>((*bytes)[i]);
    if (i < 9) value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    bytes->remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

// Main archive header: CRC, size, type 1, header flags, extra size where flag 1 is set, archive
// flags (bit 0: volume).
bool IsRar5Volume(std::string_view head) {
  std::string_view rest = head.substr(kRar5.size());
  if (rest.size() < 4) return false;
  rest.remove_prefix(4);
  const auto size = TakeVint(&rest);
  const auto type = TakeVint(&rest);
  const auto flags = TakeVint(&rest);
  if (!size || !type || !flags || *type != 1) return false;
  if ((*flags & 1) != 0 && !TakeVint(&rest)) return false;
  const auto archive = TakeVint(&rest);
  return archive && (*archive & 1) != 0;
}

}  // namespace

bool IsSplitVolume(std::string_view head, uint64_t bytes) {
  if (head.starts_with(k7z)) return Is7zCut(head, bytes);
  if (head.starts_with(kRar5)) return IsRar5Volume(head);
  // MAIN_HEAD follows the marker: CRC 2, type 0x73, flags 2 (bit 0: volume).
  if (!head.starts_with(kRar4) || head.size() < kRar4.size() + 5) return false;
  return head[kRar4.size() + 2] == 0x73 && (head[kRar4.size() + 3] & 1) != 0;
}

}  // namespace shoumi::inspect
