#include "agent/session_hub/session_hub.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/local_socket.h"

namespace shoumi::agent {
namespace {

constexpr int kWaitingMax = 16;
constexpr int kSweepMs = 2'000;

}  // namespace

absl::Status SessionHub::Start(EventSink& sink) {
  auto listener = ListenLocally(options_.socket_path, kWaitingMax);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return ErrnoStatus(errno, "eventfd");
  sink_ = &sink;
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void SessionHub::Stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  listener_.Reset();
  ::unlink(options_.socket_path.c_str());
  std::vector<std::shared_ptr<SessionLink>> links;
  {
    const std::lock_guard lock(mutex_);
    links.swap(links_);
  }
  for (const auto& link : links) {
    link->SendFarewell();
    link->Stop();
  }
}

std::vector<std::shared_ptr<SessionLink>> SessionHub::links() const {
  const std::lock_guard lock(mutex_);
  return links_;
}

void SessionHub::SendSettings() {
  for (const auto& link : links()) link->SendSettings();
}

size_t SessionHub::Tell(uid_t uid, const v1::ToSession& message) {
  size_t told = 0;
  for (const auto& link : links()) {
    if (link->uid() == uid && link->Tell(message)) ++told;
  }
  return told;
}

std::vector<ConnectedSession> SessionHub::connected() const {
  std::vector<ConnectedSession> connected;
  for (const auto& link : links()) {
    for (ConnectedSession& program : link->state()) connected.push_back(std::move(program));
  }
  return connected;
}

void SessionHub::Run() {
  for (;;) {
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    if (::poll(fds, 2, kSweepMs) < 0 && errno != EINTR) return;
    if ((fds[0].revents & POLLIN) != 0) return;
    Sweep();
    if ((fds[1].revents & POLLIN) != 0) Accept();
  }
}

void SessionHub::Sweep() {
  std::vector<std::shared_ptr<SessionLink>> ended;
  {
    const std::lock_guard lock(mutex_);
    // Not std::ranges: clang 14 cannot read what GCC 12's gives back.
    const auto gone = std::stable_partition(links_.begin(), links_.end(),
                                            [](const auto& link) { return !link->ended(); });
    ended.assign(std::make_move_iterator(gone), std::make_move_iterator(links_.end()));
    links_.erase(gone, links_.end());
  }
  for (const auto& link : ended) link->Stop();
}

std::string SessionHub::WhyNot(uid_t uid) const {
  const std::lock_guard lock(mutex_);
  if (links_.size() >= options_.connections_max) return "too many connections";
  const auto same =
      std::ranges::count_if(links_, [&](const auto& link) { return link->uid() == uid; });
  return same >= options_.connections_per_user_max ? "too many connections of one user" : "";
}

void SessionHub::Accept() {
  UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return;
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return;
  const std::string why = WhyNot(who.uid);
  const auto link =
      std::make_shared<SessionLink>(std::move(peer), who, options_, handlers_, *sink_);
  if (!why.empty()) {
    link->Refuse(why);
    sink_->Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                  fmt::format("sessions of uid {}: {}", who.uid, why));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    links_.push_back(link);
  }
  link->Start();
}

}  // namespace shoumi::agent
