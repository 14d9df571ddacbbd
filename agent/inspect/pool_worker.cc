#include "agent/inspect/pool_worker.h"

#include <array>
#include <cstring>
#include <utility>

#include "agent/inspect/wire/frame.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/strand.hpp"
#include "boost/asio/write.hpp"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kBufferBytes = 16U << 10;  // most reports fit; longer ones grow it for a while

}  // namespace

PoolWorker::PoolWorker(const Strand& strand, std::shared_ptr<InspectorProcess> parent,
                       WorkerEnds ends)
    : idle_timer(strand),
      parent_(std::move(parent)),
      pid_(ends.pid),
      socket_(strand, boost::asio::local::stream_protocol(), ends.socket.Release()),
      process_(std::move(ends.process)),
      buffer_(kBufferBytes) {
  socket_.native_non_blocking(true);
}

PoolWorker::~PoolWorker() {
  KillProcess(process_.get());
}

void PoolWorker::Close() {
  KillProcess(process_.get());
  boost::system::error_code ignored;
  socket_.close(ignored);
  idle_timer.cancel();
  on_frame_ = nullptr;
}

void PoolWorker::Listen(uint32_t frame_bytes_max, OnFrame on_frame) {
  frame_bytes_max_ = frame_bytes_max;
  on_frame_ = std::move(on_frame);
  Read();
}

void PoolWorker::Read() {
  socket_.async_read_some(
      boost::asio::buffer(buffer_.data() + filled_, buffer_.size() - filled_),
      [self = shared_from_this()](const boost::system::error_code& error, size_t got) {
        if (self->on_frame_ == nullptr) return;
        if (error) {
          const OnFrame on_frame = std::exchange(self->on_frame_, nullptr);
          on_frame(*self, absl::UnavailableError("worker ended"), {});
          return;
        }
        self->filled_ += got;
        self->TakeFrames();
      });
}

void PoolWorker::TakeFrames() {
  while (filled_ >= kFrameHeadBytes) {
    uint32_t length = 0;
    std::memcpy(&length, buffer_.data(), sizeof length);
    if (length > frame_bytes_max_) {
      const OnFrame on_frame = std::exchange(on_frame_, nullptr);
      on_frame(*this, absl::DataLossError(fmt::format("frame of {} bytes", length)), {});
      return;
    }
    const size_t whole = kFrameHeadBytes + length;
    if (filled_ < whole) {
      if (buffer_.size() < whole) buffer_.resize(whole);
      break;
    }
    const std::string frame(buffer_.data() + kFrameHeadBytes, length);
    filled_ -= whole;
    std::memmove(buffer_.data(), buffer_.data() + whole, filled_);
    const OnFrame on_frame = on_frame_;
    on_frame(*this, absl::OkStatus(), frame);
    if (on_frame_ == nullptr) return;
  }
  if (filled_ == 0 && buffer_.size() > kBufferBytes) std::vector<char>(kBufferBytes).swap(buffer_);
  Read();
}

absl::Status PoolWorker::Send(OutgoingRequest request) {
  std::array<int, kFrameFdsMax> fds{};
  size_t count = 0;
  for (const UniqueFd* fd : {&request.content, &request.text_out}) {
    if (fd->ok()) fds.at(count++) = fd->get();
  }
  const auto sent =
      SendSome(socket_.native_handle(), request.frame, std::span<const int>(fds).first(count));
  if (!sent.ok()) return sent.status();
  if (*sent == request.frame.size()) return absl::OkStatus();
  auto rest = std::make_shared<std::string>(request.frame.substr(*sent));
  // An error here shows in the read as well, which reports it.
  boost::asio::async_write(
      socket_, boost::asio::buffer(*rest),
      [self = shared_from_this(), rest](const boost::system::error_code&, size_t) {});
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
