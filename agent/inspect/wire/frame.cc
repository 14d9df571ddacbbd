#include "agent/inspect/wire/frame.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// OK when `events` are there; hang-up counts, the transfer that follows says what it is.
absl::Status WaitFor(int socket, int16_t events, const FrameDeadline& deadline) {
  for (;;) {
    int wait_ms = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return absl::DeadlineExceededError("peer did not answer in time");
      wait_ms = static_cast<int>(std::min<int64_t>(left.count(), 60'000));
    }
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, wait_ms);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
  }
}

bool WouldBlock(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable;
}

// Fills `bytes`; OutOfRange when the stream ends before the first byte, DataLoss after it.
absl::Status ReceiveExactly(int socket, std::span<char> bytes, std::vector<UniqueFd>* fds,
                            const FrameDeadline& deadline) {
  size_t filled = 0;
  while (filled < bytes.size()) {
    if (auto status = WaitFor(socket, POLLIN, deadline); !status.ok()) return status;
    const auto got = ReceiveSome(socket, bytes.subspan(filled), fds);
    if (!got.ok()) {
      if (WouldBlock(got.status())) continue;
      return got.status();
    }
    if (*got == 0) {
      return filled == 0 ? absl::OutOfRangeError("end of stream")
                         : absl::DataLossError("stream ends inside a frame");
    }
    filled += *got;
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeFrame(const google::protobuf::MessageLite& message) {
  const auto length = static_cast<uint32_t>(message.ByteSizeLong());
  std::string frame(kFrameHeadBytes, '\0');
  std::memcpy(frame.data(), &length, sizeof length);
  message.AppendToString(&frame);
  return frame;
}

absl::StatusOr<size_t> SendSome(int socket, std::string_view bytes, std::span<const int> fds) {
  if (fds.size() > kFrameFdsMax) return absl::InvalidArgumentError("too many descriptors");
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kFrameFdsMax * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
  }
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return absl::UnavailableError("would block");
    return ErrnoStatus(errno, "sendmsg");
  }
}

absl::StatusOr<size_t> ReceiveSome(int socket, std::span<char> bytes, std::vector<UniqueFd>* fds) {
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kFrameFdsMax * sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return absl::UnavailableError("would block");
  if (got < 0 && errno == ECONNRESET) return size_t{0};
  if (got < 0) return ErrnoStatus(errno, "recvmsg");
  std::vector<UniqueFd> received;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      received.emplace_back(fd);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) return absl::DataLossError("too many descriptors");
  if (fds != nullptr) {
    for (UniqueFd& fd : received) fds->push_back(std::move(fd));
    if (fds->size() > kFrameFdsMax) return absl::DataLossError("too many descriptors");
  }
  return static_cast<size_t>(got);
}

absl::Status WaitReadable(int socket, std::chrono::milliseconds wait) {
  const auto status = WaitFor(socket, POLLIN, std::chrono::steady_clock::now() + wait);
  return absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
}

absl::Status SendFrame(int socket, const google::protobuf::MessageLite& message,
                       std::span<const int> fds, FrameDeadline deadline) {
  const std::string frame = EncodeFrame(message);
  std::string_view rest = frame;
  while (!rest.empty()) {
    if (deadline) {
      if (auto status = WaitFor(socket, POLLOUT, deadline); !status.ok()) return status;
    }
    const auto sent = SendSome(socket, rest, fds);
    if (!sent.ok()) {
      if (!WouldBlock(sent.status())) return sent.status();
      if (auto status = WaitFor(socket, POLLOUT, deadline); !status.ok()) return status;
      continue;
    }
    rest.remove_prefix(*sent);
    fds = {};
  }
  return absl::OkStatus();
}

absl::Status ReceiveFrame(int socket, uint32_t bytes_max, google::protobuf::MessageLite& message,
                          std::vector<UniqueFd>* fds, FrameDeadline deadline) {
  uint32_t length = 0;
  char head[kFrameHeadBytes];
  if (auto status = ReceiveExactly(socket, head, fds, deadline); !status.ok()) return status;
  std::memcpy(&length, head, sizeof length);
  if (length > bytes_max) {
    return absl::DataLossError(fmt::format("frame of {} bytes, bound is {}", length, bytes_max));
  }
  std::string body(length, '\0');
  if (length != 0) {
    auto status = ReceiveExactly(socket, body, fds, deadline);
    if (absl::IsOutOfRange(status)) return absl::DataLossError("stream ends inside a frame");
    if (!status.ok()) return status;
  }
  if (!message.ParseFromString(body)) return absl::DataLossError("frame is not the message");
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
