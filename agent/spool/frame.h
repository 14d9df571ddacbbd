#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shoumi/v1/incident.pb.h"

// Bytes of a segment: "SHMSEG01", then frames. A frame is the length of its sealed part (uint32),
// its sequence (uint64), both little-endian, and the SpoolRecord sealed with AES-256-GCM, the
// sequence as associated data. The seal is also the check of the tail: what does not open was torn.
namespace shoumi::agent {

inline constexpr std::string_view kSegmentMagic = "SHMSEG01";
inline constexpr size_t kFrameHeadBytes = 12;
inline constexpr size_t kSealBytes = 28;  // nonce and tag

std::string EncodeFrame(std::string_view key, const v1::SpoolRecord& record);

struct Frame {
  v1::SpoolRecord record;
  size_t bytes = 0;  // of the whole frame
};
// The frame at the start of `bytes`; empty when it is torn, damaged or sealed with another key.
std::optional<Frame> DecodeFrame(std::string_view key, std::string_view bytes);

// Only the head: sequence and length of the whole frame. Empty when `bytes` holds no whole head.
struct FrameHead {
  uint64_t sequence = 0;
  uint64_t bytes = 0;
};
std::optional<FrameHead> PeekFrame(std::string_view bytes);

}  // namespace shoumi::agent
