#include "agent/spool/frame.h"

#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

void PutLittleEndian(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

uint64_t GetLittleEndian(std::string_view in) {
  uint64_t value = 0;
  for (size_t i = in.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(in[i - 1]);
  return value;
}

std::string Associated(uint64_t sequence) {
  return fmt::format("shoumi-spool-v1 {}", sequence);
}

}  // namespace

std::string EncodeFrame(std::string_view key, const v1::SpoolRecord& record) {
  const std::string sealed =
      crypto::Seal(key, record.SerializeAsString(), Associated(record.sequence()));
  std::string frame;
  frame.reserve(kFrameHeadBytes + sealed.size());
  PutLittleEndian(frame, sealed.size(), 4);
  PutLittleEndian(frame, record.sequence(), 8);
  return frame + sealed;
}

std::optional<FrameHead> PeekFrame(std::string_view bytes) {
  if (bytes.size() < kFrameHeadBytes) return std::nullopt;
  return FrameHead{GetLittleEndian(bytes.substr(4, 8)),
                   kFrameHeadBytes + GetLittleEndian(bytes.substr(0, 4))};
}

std::optional<Frame> DecodeFrame(std::string_view key, std::string_view bytes) {
  const auto head = PeekFrame(bytes);
  if (!head || head->bytes > bytes.size()) return std::nullopt;
  const std::string_view sealed = bytes.substr(kFrameHeadBytes, head->bytes - kFrameHeadBytes);
  const auto plain = crypto::Open(key, sealed, Associated(head->sequence));
  if (!plain.ok()) return std::nullopt;
  Frame frame;
  frame.bytes = head->bytes;
  if (!frame.record.ParseFromString(*plain) || frame.record.sequence() != head->sequence) {
    return std::nullopt;
  }
  return frame;
}

}  // namespace shoumi::agent
