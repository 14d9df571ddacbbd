#include "agent/main/status_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/local_socket.h"

namespace shoumi::agent {
namespace {

constexpr int kWaitingMax = 16;
constexpr timeval kPeerDeadline{1, 0};

}  // namespace

absl::StatusOr<std::unique_ptr<StatusServer>> StatusServer::Start(
    const std::string& path, std::function<std::string()> text) {
  std::unique_ptr<StatusServer> server(new StatusServer(path, std::move(text)));
  auto listener = ListenLocally(path, kWaitingMax);
  if (!listener.ok()) return listener.status();
  server->listener_ = *std::move(listener);
  server->wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!server->wake_) return ErrnoStatus(errno, "eventfd");
  server->thread_ = std::thread([raw = server.get()] { raw->Run(); });
  return server;
}

StatusServer::~StatusServer() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // Cannot fail: the counter is far from full, and poll sees it.
  if (::write(wake_.get(), &one, sizeof one) == sizeof one) thread_.join();
  ::unlink(path_.c_str());
}

void StatusServer::Run() {
  for (;;) {
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if ((fds[0].revents & POLLIN) != 0) return;
    if ((fds[1].revents & POLLIN) == 0) continue;
    const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) continue;
    ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &kPeerDeadline, sizeof kPeerDeadline);
    std::string text = text_();
    std::string_view left = text;
    while (!left.empty()) {
      const ssize_t sent = ::send(peer.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      left.remove_prefix(static_cast<size_t>(sent));
    }
  }
}

}  // namespace shoumi::agent
