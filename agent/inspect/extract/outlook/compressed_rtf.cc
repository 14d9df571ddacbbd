#include "agent/inspect/extract/outlook/compressed_rtf.h"

#include <array>

#include "agent/inspect/extract/ole2/bytes.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-OXRTFCP] 2.1.3.1.1 and 2.1.3.1.2.
constexpr size_t kHeaderBytes = 16;
constexpr uint32_t kCompressed = 0x75465A4C;
constexpr uint32_t kUncompressed = 0x414C454D;
constexpr size_t kWindowBytes = 4096;
constexpr std::string_view kWindowStart =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
static_assert(kWindowStart.size() == 207);

class Unpacker {
 public:
  Unpacker() {
    window_.fill('\0');
    kWindowStart.copy(window_.data(), kWindowStart.size());
  }

  // False at the end mark.
  bool Refer(uint32_t reference) {
    const size_t from = reference >> 4U;
    if (from == at_) return false;
    for (size_t i = 0; i < (reference & 15U) + 2; ++i) Put(window_[(from + i) % kWindowBytes]);
    return true;
  }
  void Put(char c) {
    window_[at_] = c;
    at_ = (at_ + 1) % kWindowBytes;
    out_.push_back(c);
  }
  [[nodiscard]] std::string& out() { return out_; }

 private:
  std::array<char, kWindowBytes> window_;
  size_t at_ = kWindowStart.size();
  std::string out_;
};

}  // namespace

absl::StatusOr<UnpackedRtf> UnpackRtf(std::string_view bytes, uint64_t bytes_max) {
  if (bytes.size() < kHeaderBytes) return absl::DataLossError("packed RTF is cut off");
  const uint32_t type = LittleAt(bytes, 8, 4);
  const uint64_t raw_bytes = LittleAt(bytes, 4, 4);
  bytes.remove_prefix(kHeaderBytes);
  if (type == kUncompressed) {
    return UnpackedRtf{std::string(bytes.substr(0, raw_bytes)), bytes.size() >= raw_bytes};
  }
  if (type != kCompressed) return absl::DataLossError("packed RTF of a kind that is not known");
  Unpacker unpacker;
  for (size_t at = 0; at < bytes.size();) {
    const auto control = static_cast<uint8_t>(bytes[at++]);
    for (uint32_t bit = 0; bit < 8 && at < bytes.size(); ++bit) {
      if ((control >> bit & 1U) == 0) {
        unpacker.Put(bytes[at++]);
        continue;
      }
      if (at + 2 > bytes.size()) return UnpackedRtf{std::move(unpacker.out()), false};
      const uint32_t reference =
          static_cast<uint8_t>(bytes[at]) << 8U | static_cast<uint8_t>(bytes[at + 1]);
      at += 2;
      if (!unpacker.Refer(reference)) return UnpackedRtf{std::move(unpacker.out()), true};
    }
    if (unpacker.out().size() > bytes_max) {
      return absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bytes_max));
    }
  }
  return UnpackedRtf{std::move(unpacker.out()), false};
}

}  // namespace shoumi::inspect
