#include "agent/session_hub/session_link.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/channels/apps/process_facts.h"
#include "agent/inspect/wire/frame.h"
#include "common/text.h"

namespace shoumi::agent {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr uint32_t kFrameBytesMax = 16U << 10;
constexpr size_t kWordBytesMax = 128;    // of what a session says of itself
constexpr size_t kNoticeBytesMax = 512;  // of one notice
constexpr uint32_t kNoticesMax = 100;    // of one connection

std::string Clipped(std::string_view text, size_t bytes_max) {
  std::string clipped(ClipUtf8(text, bytes_max));
  for (char& c : clipped) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return clipped;
}

}  // namespace

void SessionLink::Start() {
  thread_ = std::thread([self = shared_from_this()] { self->Run(); });
}

void SessionLink::Stop() {
  stopping_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
}

std::string SessionLink::Name() const {
  return fmt::format("a program that speaks for a session (uid {}, process {})", peer_.uid,
                     peer_.pid);
}

std::vector<ConnectedSession> SessionLink::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

absl::Status SessionLink::Receive(v1::FromSession& message, std::vector<UniqueFd>& fds,
                                  bool first) {
  inspect::FrameDeadline deadline;
  if (first) deadline = std::chrono::steady_clock::now() + options_.hello_ms_max;
  return inspect::ReceiveFrame(socket_.get(), kFrameBytesMax, message, &fds, deadline);
}

void SessionLink::Run() {
  absl::Status status;
  for (bool first = true; status.ok(); first = false) {
    v1::FromSession message;
    std::vector<UniqueFd> fds;
    status = Receive(message, fds, first);
    if (!status.ok()) break;
    if (!first) {
      status = Handle(message, std::move(fds));
    } else if (!message.has_hello()) {
      status = absl::InvalidArgumentError("it does not say who it is");
    } else if (const std::string why = Greet(message.hello()); !why.empty()) {
      status = absl::PermissionDeniedError(why);
      Refuse(why);
    } else {
      SendSettings();
    }
  }
  bool guarded = false;
  std::string display;
  {
    const std::lock_guard lock(mutex_);
    guarded = !state_.empty() && state_[0].guarding;
    if (!state_.empty()) display = state_[0].display;
    state_.clear();
  }
  ::shutdown(socket_.get(), SHUT_RDWR);
  ended_ = true;
  if (stopping_) return;
  if (!absl::IsOutOfRange(status)) {
    sink_.Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                 fmt::format("{} is refused: {}", Name(), std::string(status.message())));
  }
  if (guarded) {
    sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                 fmt::format("clipboard of display {}, uid {}: shoumi-session has gone", display,
                             peer_.uid));
  }
}

std::string SessionLink::Greet(const v1::SessionHello& hello) {
  if (hello.protocol() != kProtocol) return fmt::format("protocol {}", hello.protocol());
  if (hello.uid() != peer_.uid) return fmt::format("it claims to be uid {}", hello.uid());
  if (!options_.session_program.empty()) {
    const auto process = apps::Process::Open(peer_.pid);
    if (!process.ok() || process->Link("exe") != options_.session_program) {
      return fmt::format("it is not {}", options_.session_program);
    }
  }
  if (hello.kind() == v1::DISPLAY_KIND_UNSPECIFIED || !v1::DisplayKind_IsValid(hello.kind())) {
    return "an unknown kind of display";
  }
  ConnectedSession connected;
  connected.uid = peer_.uid;
  connected.session = Clipped(hello.session(), kWordBytesMax);
  connected.display = Clipped(hello.display(), kWordBytesMax);
  connected.kind = hello.kind();
  connected.why = "shoumi-session is starting";
  const std::lock_guard lock(mutex_);
  state_.push_back(std::move(connected));
  return {};
}

absl::Status SessionLink::Handle(const v1::FromSession& message, std::vector<UniqueFd> fds) {
  if (message.has_question()) return HandleQuestion(message.question(), std::move(fds));
  if (!fds.empty()) return absl::InvalidArgumentError("descriptors that nobody asked for");
  if (message.has_state()) {
    HandleState(message.state());
    return absl::OkStatus();
  }
  if (message.has_notice() && ++notices_ <= kNoticesMax) {
    sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                 fmt::format("clipboard of uid {}: {}", peer_.uid,
                             Clipped(message.notice().what(), kNoticeBytesMax)));
    return absl::OkStatus();
  }
  if (message.has_notice()) return absl::OkStatus();
  if (message.has_notification()) return HandleResult(message.notification());
  return absl::InvalidArgumentError("a message that the protocol does not know");
}

void SessionLink::HandleState(const v1::SessionState& state) {
  const std::lock_guard lock(mutex_);
  ConnectedSession& mine = state_[0];
  const bool healed = state.guarding() && !mine.guarding;
  const bool failed = !state.guarding() && mine.guarding;
  mine.guarding = state.guarding();
  mine.why = Clipped(state.why(), kNoticeBytesMax);
  if (!healed && !failed) return;
  sink_.Report(healed ? v1::AgentEvent::KIND_GUARD_HEALED : v1::AgentEvent::KIND_GUARD_FAILED,
               fmt::format("clipboard of display {}, uid {}: {}", mine.display, peer_.uid,
                           healed ? "guarded" : mine.why));
}

absl::Status SessionLink::HandleQuestion(const v1::PasteQuestion& question,
                                         std::vector<UniqueFd> fds) {
  if (fds.size() > 1) return absl::InvalidArgumentError("more than one content");
  if (unanswered_ >= options_.questions_max) {
    v1::ToSession message;
    message.mutable_answer()->set_id(question.id());
    message.mutable_answer()->set_action(v1::ACTION_BLOCK);
    Send(message);
    return absl::OkStatus();
  }
  const auto pastes = handlers_.pastes();
  if (pastes == nullptr) {
    v1::ToSession message;
    message.mutable_answer()->set_id(question.id());
    message.mutable_answer()->set_pass(true);
    Send(message);
    return absl::OkStatus();
  }
  ++unanswered_;
  UniqueFd content = fds.empty() ? UniqueFd() : std::move(fds[0]);
  absl::Status asked = pastes->Ask(peer_.uid, question, std::move(content),
                                   [self = shared_from_this()](v1::PasteAnswer answer) {
                                     --self->unanswered_;
                                     v1::ToSession message;
                                     *message.mutable_answer() = std::move(answer);
                                     self->Send(message);
                                   });
  if (!asked.ok()) --unanswered_;
  return asked;
}

absl::Status SessionLink::HandleResult(const v1::NotificationResult& result) {
  const auto results = handlers_.results();
  if (results == nullptr || !*results) return absl::OkStatus();
  return (*results)(peer_.uid, result);
}

void SessionLink::SendSettings() {
  {
    const std::lock_guard lock(mutex_);
    if (state_.empty()) return;  // they come with the greeting
  }
  const auto pastes = handlers_.pastes();
  if (pastes == nullptr) return SendFarewell();
  v1::ToSession message;
  *message.mutable_settings() = pastes->Settings();
  Send(message);
}

void SessionLink::SendFarewell() {
  {
    const std::lock_guard lock(mutex_);
    if (state_.empty()) return;
  }
  v1::ToSession message;
  message.mutable_settings()->set_mode(v1::CHANNEL_MODE_OFF);
  message.mutable_settings()->set_pass_unjudged(true);
  Send(message);
}

void SessionLink::Refuse(const std::string& why) {
  v1::ToSession message;
  message.mutable_refusal()->set_why(why);
  Send(message);
}

bool SessionLink::Tell(const v1::ToSession& message) {
  {
    const std::lock_guard lock(mutex_);
    if (state_.empty() || ended_) return false;
  }
  return Send(message);
}

// Never waits: who does not read what it asked for is let go of.
bool SessionLink::Send(const v1::ToSession& message) {
  const std::string frame = inspect::EncodeFrame(message);
  const std::lock_guard lock(sending_);
  const ssize_t sent =
      ::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(frame.size())) return true;
  ::shutdown(socket_.get(), SHUT_RDWR);
  return false;
}

}  // namespace shoumi::agent
