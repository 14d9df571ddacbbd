#include "agent/inspect/zygote_link.h"

#include <fcntl.h>

#include <cstring>
#include <utility>

#include "boost/asio/post.hpp"
#include "boost/asio/strand.hpp"

namespace shoumi::inspect {

ZygoteLink::ZygoteLink(const PoolWorker::Strand& strand, std::shared_ptr<InspectorProcess> process)
    : process_(std::move(process)),
      socket_(strand, boost::asio::local::stream_protocol(),
              ::fcntl(process_->socket(), F_DUPFD_CLOEXEC, 0)),
      buffer_(kFrameHeadBytes + kControlBytesMax) {
  socket_.native_non_blocking(true);
}

void ZygoteLink::Listen(OnEnd on_end) {
  on_end_ = std::move(on_end);
  Wait();
}

void ZygoteLink::Wait() {
  socket_.async_wait(boost::asio::local::stream_protocol::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->on_end_ == nullptr) return;
                       if (self->Receive()) self->Wait();
                     });
}

bool ZygoteLink::Receive() {
  const auto got = ReceiveSome(socket_.native_handle(), std::span(buffer_).subspan(filled_), &fds_);
  if (!got.ok() && absl::IsUnavailable(got.status())) return true;
  if (!got.ok() || *got == 0) {
    End(got.ok() ? absl::UnavailableError("shoumi-inspect ended") : got.status());
    return false;
  }
  filled_ += *got;
  if (filled_ < kFrameHeadBytes) return true;
  uint32_t length = 0;
  std::memcpy(&length, buffer_.data(), sizeof length);
  if (length > kControlBytesMax || filled_ > kFrameHeadBytes + length || on_spawned_ == nullptr) {
    End(absl::DataLossError("unexpected frame"));
    return false;
  }
  if (filled_ < kFrameHeadBytes + length) return true;
  v1::SpawnedWorker spawned;
  const bool parsed =
      spawned.ParseFromArray(buffer_.data() + kFrameHeadBytes, static_cast<int>(length));
  filled_ = 0;
  std::vector<UniqueFd> fds = std::exchange(fds_, {});
  if (!parsed || (spawned.error().empty() && fds.size() != 2)) {
    End(absl::DataLossError("answer without a worker"));
    return false;
  }
  const OnSpawned on_spawned = std::exchange(on_spawned_, nullptr);
  if (spawned.error().empty()) {
    on_spawned(WorkerEnds{spawned.pid(), std::move(fds[0]), std::move(fds[1])});
  } else {
    on_spawned(absl::InternalError(spawned.error()));
  }
  return on_end_ != nullptr;
}

void ZygoteLink::End(absl::Status why) {
  const OnEnd on_end = std::exchange(on_end_, nullptr);
  on_spawned_ = nullptr;
  if (on_end != nullptr) on_end(std::move(why));
}

void ZygoteLink::Spawn(OnSpawned on_spawned) {
  v1::InspectorControl control;
  control.mutable_spawn();
  on_spawned_ = std::move(on_spawned);
  // A link that cannot take a few bytes is dead, and the read says so.
  const auto sent = SendSome(socket_.native_handle(), EncodeFrame(control), {});
  if (!sent.ok()) {
    boost::asio::post(socket_.get_executor(),
                      [self = shared_from_this(), why = sent.status()] { self->End(why); });
  }
}

void ZygoteLink::Close() {
  on_end_ = nullptr;
  on_spawned_ = nullptr;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace shoumi::inspect
