#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fd.h"
#include "google/protobuf/message_lite.h"

// Frames between the agent and shoumi-inspect over a local stream socket: uint32 length in host
// order, then one message. Descriptors travel with the first byte of their frame.
namespace shoumi::inspect {

inline constexpr int kInspectorSocket = 3;  // descriptor of the socket in a fresh shoumi-inspect
inline constexpr size_t kFrameHeadBytes = sizeof(uint32_t);
inline constexpr size_t kFrameFdsMax = 32;
inline constexpr uint32_t kConfigBytesMax = 64U << 20;   // InspectorConfig: all packs
inline constexpr uint32_t kReadyBytesMax = 4U << 20;     // InspectorReady: problems and detectors
inline constexpr uint32_t kControlBytesMax = 64U << 10;  // everything else but reports
inline constexpr uint32_t kRequestBytesMax = 256U << 10;
inline constexpr uint32_t kPieceTextBytesMax = 64U << 10;  // of one ExtractedPiece
inline constexpr uint32_t kPieceBytesMax = 128U << 10;     // with what is around it

using FrameDeadline = std::optional<std::chrono::steady_clock::time_point>;

std::string EncodeFrame(const google::protobuf::MessageLite& message);

// One sendmsg(2) that never raises SIGPIPE; returns the bytes taken, which may be fewer. `fds` go
// with the first of them. Unavailable when the socket would block.
absl::StatusOr<size_t> SendSome(int socket, std::string_view bytes, std::span<const int> fds);

// One recvmsg(2): bytes received, 0 at the end of the stream; descriptors are appended to `fds`.
// Unavailable when the socket would block. More than kFrameFdsMax descriptors is DataLoss.
absl::StatusOr<size_t> ReceiveSome(int socket, std::span<char> bytes, std::vector<UniqueFd>* fds);

// Waits until there is something to receive, the end of the stream included, or `wait` is over; OK
// in both cases.
absl::Status WaitReadable(int socket, std::chrono::milliseconds wait);

// Blocking. DeadlineExceeded when `deadline` ends first; the stream is unusable then.
absl::Status SendFrame(int socket, const google::protobuf::MessageLite& message,
                       std::span<const int> fds = {}, FrameDeadline deadline = std::nullopt);

// Blocking. OutOfRange at a clean end of the stream, DataLoss for a frame that is cut, longer than
// `bytes_max` or not the message. Descriptors nobody asked for (`fds` null) are closed.
absl::Status ReceiveFrame(int socket, uint32_t bytes_max, google::protobuf::MessageLite& message,
                          std::vector<UniqueFd>* fds = nullptr,
                          FrameDeadline deadline = std::nullopt);

}  // namespace shoumi::inspect
