#include "agent/session/wayland/pipe_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace shoumi::session {

bool PipeWriter::Write(UniqueFd fd, std::shared_ptr<const StoredBytes> bytes, Time now) {
  if (going_.size() >= limits_.transfers_max) return false;
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return false;
  Transfer transfer{std::move(fd), std::move(bytes), 0, now + limits_.requestor_ms_max};
  Advance(transfer, now);
  if (!transfer.over) going_.push_back(std::move(transfer));
  return true;
}

// One piece at a time: others are waiting, too.
void PipeWriter::Advance(Transfer& transfer, Time now) {
  std::vector<char> piece(limits_.piece_bytes);
  const auto had = transfer.bytes->Read(transfer.offset, piece);
  if (!had.ok() || *had == 0) {
    transfer.over = true;
    return;
  }
  const ssize_t n = ::write(transfer.fd.get(), piece.data(), *had);
  if (n < 0) {
    transfer.over = errno != EAGAIN && errno != EINTR;
    return;
  }
  transfer.offset += static_cast<uint64_t>(n);
  transfer.until = now + limits_.requestor_ms_max;
  transfer.over = transfer.offset >= transfer.bytes->size();
}

void PipeWriter::AddTo(std::vector<pollfd>& fds) const {
  for (const Transfer& transfer : going_) fds.push_back({transfer.fd.get(), POLLOUT, 0});
}

void PipeWriter::OnPolled(const std::vector<pollfd>& fds, Time now) {
  for (Transfer& transfer : going_) {
    const auto it = std::ranges::find(fds, transfer.fd.get(), &pollfd::fd);
    if (it != fds.end() && it->revents != 0) Advance(transfer, now);
  }
  std::erase_if(going_, [](const Transfer& transfer) { return transfer.over; });
}

void PipeWriter::OnTime(Time now) {
  std::erase_if(going_, [&](const Transfer& transfer) { return now >= transfer.until; });
}

PipeWriter::Time PipeWriter::deadline() const {
  Time earliest = Time::max();
  for (const Transfer& transfer : going_) earliest = std::min(earliest, transfer.until);
  return earliest;
}

}  // namespace shoumi::session
