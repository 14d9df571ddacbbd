#include "agent/releases/release_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "agent/inspect/wire/frame.h"
#include "common/local_socket.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

constexpr int kWaitingMax = 16;
constexpr int kSweepMs = 2'000;
constexpr std::chrono::milliseconds kBusyMax{100};  // others wait meanwhile
constexpr uint32_t kQuestionBytesMax = 16U << 10;

void Answer(int socket, const v1::ReleaseAnswer& answer, std::chrono::milliseconds wait) {
  const auto status =
      inspect::SendFrame(socket, answer, {}, std::chrono::steady_clock::now() + wait);
  if (!status.ok()) spdlog::debug("release request: {}", std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReleaseServer>> ReleaseServer::Start(const ReleaseOptions& options,
                                                                    ReleaseDesk& desk) {
  std::unique_ptr<ReleaseServer> server(new ReleaseServer(options, desk));
  auto listener = ListenLocally(options.socket_path, kWaitingMax);
  if (!listener.ok()) return listener.status();
  server->listener_ = *std::move(listener);
  server->wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!server->wake_) return ErrnoStatus(errno, "eventfd");
  server->thread_ = std::thread([raw = server.get()] { raw->Run(); });
  return server;
}

ReleaseServer::~ReleaseServer() {
  if (!thread_.joinable()) return;
  desk_.Stop();
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  for (Connection& connection : connections_) {
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.thread.join();
  }
  ::unlink(options_.socket_path.c_str());
}

void ReleaseServer::Run() {
  for (;;) {
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    if (::poll(fds, 2, kSweepMs) < 0 && errno != EINTR) return;
    if ((fds[0].revents & POLLIN) != 0) return;
    Sweep();
    if ((fds[1].revents & POLLIN) != 0) Accept();
  }
}

void ReleaseServer::Sweep() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (!it->ended) {
      ++it;
      continue;
    }
    it->thread.join();
    it = connections_.erase(it);
  }
}

bool ReleaseServer::HasRoomFor(uint32_t uid) const {
  const auto same = std::count_if(connections_.begin(), connections_.end(),
                                  [uid](const Connection& other) { return other.uid == uid; });
  return connections_.size() < options_.connections_max &&
         same < static_cast<std::ptrdiff_t>(options_.connections_per_user_max);
}

void ReleaseServer::Accept() {
  UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return;
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return;
  if (!HasRoomFor(who.uid)) {
    v1::ReleaseAnswer busy;
    busy.set_error("other requests are being looked at; ask again");
    return Answer(peer.get(), busy, kBusyMax);
  }
  Connection& connection = connections_.emplace_back();
  connection.socket = std::move(peer);
  connection.uid = who.uid;
  connection.thread = std::thread([this, &connection] {
    Serve(connection);
    connection.ended = true;
  });
}

void ReleaseServer::Serve(Connection& connection) {
  const int socket = connection.socket.get();
  v1::ReleaseQuestion question;
  std::vector<UniqueFd> fds;
  const auto status =
      inspect::ReceiveFrame(socket, kQuestionBytesMax, question, &fds,
                            std::chrono::steady_clock::now() + options_.question_ms_max);
  v1::ReleaseAnswer answer;
  if (!status.ok() || fds.size() != 1) {
    answer.set_error("that is no request");
  } else {
    answer = desk_.Ask(connection.uid, question, std::move(fds[0]));
  }
  Answer(socket, answer, options_.question_ms_max);
  ::shutdown(socket, SHUT_RDWR);
}

}  // namespace shoumi::agent
