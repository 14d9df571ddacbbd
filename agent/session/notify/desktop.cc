#include "agent/session/notify/desktop.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <utility>

#include "agent/session/notify/bus.h"
#include "agent/session/notify/notice_text.h"
#include "spdlog/spdlog.h"

namespace shoumi::session {
namespace {

UniqueFd NewEvent() {
  return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

}  // namespace

Desktop::Desktop(DesktopOptions options, Tell tell)
    : options_(std::move(options)), tell_(std::move(tell)), wake_(NewEvent()), stop_(NewEvent()) {
  thread_ = std::thread([this] { Run(); });
}

Desktop::~Desktop() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  if (form_thread_.joinable()) form_thread_.join();
}

void Desktop::Show(v1::Notification notification) {
  Enter(std::move(notification));
}

void Desktop::Show(v1::ReleaseOutcome outcome) {
  Enter(std::move(outcome));
}

void Desktop::Enter(Item item) {
  std::string refused;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < options_.waiting_max) {
      waiting_.push_back(std::move(item));
    } else if (const auto* notification = std::get_if<v1::Notification>(&item)) {
      refused = notification->id();
    }
  }
  ::eventfd_write(wake_.get(), 1);
  if (!refused.empty()) {
    Result(refused, v1::NotificationResult::OUTCOME_NOT_SHOWN, "too many wait to be shown");
  }
}

void Desktop::Result(const std::string& id, v1::NotificationResult::Outcome outcome,
                     std::string why) {
  v1::NotificationResult result;
  result.set_id(id);
  result.set_outcome(outcome);
  result.set_why(std::move(why));
  tell_(result);
}

void Desktop::Run() {
  NotificationBus bus(options_.bus, options_.call_ms_max, options_.remembered_max,
                      [this](const std::string& id) { OnWanted(id); });
  for (;;) {
    pollfd fds[3] = {
        {stop_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}, {bus.fd(), bus.events(), 0}};
    ::poll(fds, 3, bus.TimeoutMs());
    if ((fds[0].revents & POLLIN) != 0) return;
    uint64_t count = 0;
    if ((fds[1].revents & POLLIN) != 0) ::eventfd_read(wake_.get(), &count);
    bus.Process();
    for (;;) {
      Item item;
      {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) break;
        item = std::move(waiting_.front());
        waiting_.pop_front();
      }
      ShowOne(bus, item);
    }
    // A call may have read signals that came meanwhile.
    bus.Process();
  }
}

void Desktop::ShowOne(NotificationBus& bus, const Item& item) {
  if (const auto* notification = std::get_if<v1::Notification>(&item)) {
    return ShowNotification(bus, *notification);
  }
  const auto* outcome = std::get_if<v1::ReleaseOutcome>(&item);
  const NoticeText text = outcome != nullptr
                              ? TextOf(*outcome, options_.chinese)
                              : TextWithoutForm(std::get<std::string>(item), options_.chinese);
  auto status = bus.Connect();
  if (status.ok()) status = bus.Show("", "", text);
  if (!status.ok()) spdlog::warn("not shown: {}", std::string(status.message()));
}

void Desktop::ShowNotification(NotificationBus& bus, const v1::Notification& notification) {
  auto status = bus.Connect();
  if (status.ok()) {
    status = bus.Show(notification.id(), notification.replaces(),
                      TextOf(notification, options_.chinese, bus.can_act()));
  }
  Result(notification.id(),
         status.ok() ? v1::NotificationResult::OUTCOME_SHOWN
                     : v1::NotificationResult::OUTCOME_NOT_SHOWN,
         std::string(status.message()));
}

void Desktop::OnWanted(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (form_open_) return;  // it is on the screen
    form_open_ = true;
  }
  if (form_thread_.joinable()) form_thread_.join();
  form_thread_ = std::thread([this, id] { FillIn(id); });
}

void Desktop::FillIn(const std::string& id) {
  const auto form = AskForRelease(options_.form, stop_.get());
  if (form.ok()) {
    v1::NotificationResult result;
    result.set_id(id);
    result.set_outcome(v1::NotificationResult::OUTCOME_RELEASE_REQUESTED);
    result.set_recipient(form->recipient);
    result.set_reason(form->reason);
    if (!tell_(result)) {
      v1::ReleaseOutcome outcome;
      outcome.set_id(id);
      outcome.set_error(options_.chinese ? "无法联系守密代理，请稍后再试"
                                         : "the agent cannot be reached; try again later");
      Show(std::move(outcome));
    }
  } else if (absl::IsNotFound(form.status())) {
    Enter(id);
  } else if (!absl::IsCancelled(form.status())) {
    v1::ReleaseOutcome outcome;
    outcome.set_id(id);
    outcome.set_error(options_.chinese ? "接收人和理由都要填写"
                                       : std::string(form.status().message()));
    Show(std::move(outcome));
  }
  const std::lock_guard lock(mutex_);
  form_open_ = false;
}

}  // namespace shoumi::session
