#include "agent/session/main/session_program.h"

#include <unistd.h>

#include <utility>

#include "spdlog/spdlog.h"

namespace shoumi::session {
namespace {

constexpr uint32_t kProtocol = 1;
// For the agent to be told why nothing is guarded, before this program ends.
constexpr std::chrono::milliseconds kTellMsMax{2'000};
constexpr std::chrono::milliseconds kOpenMsMax{5'000};  // for a compositor to say what it can

}  // namespace

SessionProgram::SessionProgram(SessionOptions options) : options_(std::move(options)) {}

absl::Status SessionProgram::OpenGuard() {
  if (wayland_status_.ok()) {
    auto guard = WaylandGuard::Open(options_.wayland_display, *link_);
    if (!guard.ok()) return guard.status();
    (*guard)->SetGuarding(false);  // until the agent says so
    const std::lock_guard lock(mutex_);
    wayland_guard_ = *std::move(guard);
    return absl::OkStatus();
  }
  if (options_.display.empty()) return wayland_status_;
  auto guard = SelectionGuard::Open(options_.display, *link_);
  if (!guard.ok()) return guard.status();
  (*guard)->SetGuarding(false);
  const std::lock_guard lock(mutex_);
  guard_ = *std::move(guard);
  return absl::OkStatus();
}

absl::Status SessionProgram::Guard() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::OkStatus();
  }
  return wayland_guard_ ? wayland_guard_->Run() : guard_->Run();
}

absl::Status SessionProgram::Run() {
  if (!options_.wayland_display.empty()) {
    wayland_status_ = Connection::Open(options_.wayland_display, kOpenMsMax).status();
  } else {
    wayland_status_ =
        absl::UnavailableError(options_.wayland ? "WAYLAND_DISPLAY is not set"
                                                : "there is no display (DISPLAY is not set)");
  }
  const bool wayland = wayland_status_.ok();
  AgentLinkOptions options;
  options.socket_path = options_.socket_path;
  options.agent_uid = options_.agent_uid;
  options.hello.set_protocol(kProtocol);
  options.hello.set_uid(::getuid());
  options.hello.set_session(options_.session);
  options.hello.set_display(wayland ? options_.wayland_display : options_.display);
  options.hello.set_kind(wayland   ? v1::DISPLAY_KIND_WAYLAND
                         : OnlyX() ? v1::DISPLAY_KIND_XWAYLAND
                                   : v1::DISPLAY_KIND_X11);
  // They call each other: whoever calls first finds both.
  auto desktop = std::make_unique<Desktop>(
      options_.desktop, [this](const v1::NotificationResult& result) { return Tell(result); });
  AgentLinkHooks hooks;
  hooks.on_settings = [this](const v1::SessionSettings& settings) { OnSettings(settings); };
  hooks.on_notification = [&desktop = *desktop](const v1::Notification& notification) {
    desktop.Show(notification);
  };
  hooks.on_release = [&desktop = *desktop](const v1::ReleaseOutcome& outcome) {
    desktop.Show(outcome);
  };
  auto link = std::make_unique<AgentLink>(std::move(options), std::move(hooks));
  {
    const std::lock_guard lock(mutex_);
    link_ = std::move(link);
  }
  absl::Status status = OpenGuard();
  if (status.ok()) {
    Apply();
    status = Guard();
  }
  if (!status.ok()) {
    link_->SetState(false, std::string(status.message()));
    link_->WaitUntilTold(kTellMsMax);
  }
  // Its threads call back here.
  std::unique_ptr<AgentLink> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::move(link_);
  }
  ended.reset();
  return status;
}

bool SessionProgram::Tell(const v1::NotificationResult& result) {
  const std::lock_guard lock(mutex_);
  return link_ && link_->SendResult(result);
}

void SessionProgram::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (guard_) guard_->Stop();
  if (wayland_guard_) wayland_guard_->Stop();
}

void SessionProgram::OnSettings(const v1::SessionSettings& settings) {
  {
    const std::lock_guard lock(mutex_);
    if (mode_ != settings.mode()) {
      spdlog::info("the policy's mode for the clipboard is {}",
                   v1::ChannelMode_Name(settings.mode()));
    }
    mode_ = settings.mode();
  }
  Apply();
}

void SessionProgram::Apply() {
  const std::lock_guard lock(mutex_);
  if (!link_ || (!guard_ && !wayland_guard_)) return;
  const bool on = mode_ == v1::CHANNEL_MODE_INSPECT || mode_ == v1::CHANNEL_MODE_REPORT_ONLY;
  if (guard_) guard_->SetGuarding(on);
  if (wayland_guard_) wayland_guard_->SetGuarding(on);
  // Where X programs are guarded and others are not, why.
  const std::string only_x = guard_ && OnlyX() ? std::string(wayland_status_.message()) : "";
  link_->SetState(on, on ? only_x : "the policy does not guard the clipboard");
}

}  // namespace shoumi::session
