#include "agent/inspect/extract/archive/detect.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/inspect/extract/signatures/signatures.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kTarType = "application/x-tar";
constexpr ArchiveKind kKinds[] = {
    {"application/x-7z-compressed", false, false},
    {"application/vnd.rar", false, false},
    {"application/vnd.ms-cab-compressed", false, false},
    {"application/x-iso9660-image", false, false},
    {"application/x-rpm", false, false},
    {"application/x-lzh", false, false},
    {kTarType, false, true},
    {"application/x-cpio", false, true},
    {"application/x-archive", false, true},
    {"application/gzip", true, true},
    {"application/x-compress", true, false},
    {"application/x-bzip2", true, true},
    {"application/x-xz", true, true},
    {"application/x-lzma", true, false},
    {"application/lzip", true, true},
    {"application/zstd", true, true},
    {"application/x-lz4", true, true},
};

constexpr size_t kTarHeaderBytes = 512;
constexpr size_t kTarSumAt = 148;
constexpr size_t kTarSumBytes = 8;

std::optional<uint32_t> Octal(std::string_view field) {
  uint32_t value = 0;
  bool any = false;
  for (const char c : field) {
    if (c >= '0' && c <= '7') {
      value = value * 8 + static_cast<uint32_t>(c - '0');
      any = true;
    } else if (any || c != ' ') {
      break;
    }
  }
  return any ? std::optional(value) : std::nullopt;
}

// The first tar had no magic; the sum over its header is a better one.
bool IsOldTar(std::string_view head) {
  if (head.size() < kTarHeaderBytes || head.front() == '\0') return false;
  const auto wanted = Octal(head.substr(kTarSumAt, kTarSumBytes));
  if (!wanted) return false;
  uint32_t sum = ' ' * static_cast<uint32_t>(kTarSumBytes);
  for (size_t i = 0; i < kTarHeaderBytes; ++i) {
    if (i < kTarSumAt || i >= kTarSumAt + kTarSumBytes) sum += static_cast<unsigned char>(head[i]);
  }
  return sum == *wanted;
}

}  // namespace

ArchiveKind DetectArchive(std::string_view head) {
  const Signature* const found = FindSignature(head);
  std::string_view type = found != nullptr ? found->type : "";
  if (found == nullptr && IsOldTar(head)) type = kTarType;
  for (const ArchiveKind& kind : kKinds) {
    if (kind.media_type == type) return kind;
  }
  return {};
}

}  // namespace shoumi::inspect
