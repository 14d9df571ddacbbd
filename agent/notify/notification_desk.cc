#include "agent/notify/notification_desk.h"

#include <algorithm>
#include <optional>

#include "agent/notify/titles.h"
#include "common/terminal/text.h"
#include "common/text.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr uint32_t kWarnSeconds = 60;  // where the policy says nothing
constexpr size_t kNameBytesMax = 255;
constexpr size_t kTitleBytesMax = 512;

std::string Clipped(std::string_view text, size_t bytes_max) {
  return std::string(ClipUtf8(text, bytes_max));
}

// What makes one notification do for two.
std::string KindOf(const v1::Incident& incident) {
  const v1::EventContext& event = incident.event();
  const v1::Verdict& verdict = incident.verdict();
  return fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", event.user().uid(), static_cast<int>(event.channel()),
      static_cast<int>(verdict.action()), static_cast<int>(verdict.basis()), verdict.rule(),
      event.program().app().empty() ? event.program().executable() : event.program().app());
}

v1::ReleaseRequest RequestFor(const v1::Incident& incident) {
  v1::ReleaseRequest request;
  const v1::EventContext& event = incident.event();
  request.set_content_name(event.content_name());
  request.set_content_sha256(event.content_sha256());
  request.set_content_bytes(event.content_bytes());
  request.set_channel(event.channel());
  request.set_incident_id(incident.incident_id());
  *request.mutable_findings() = incident.findings();
  *request.mutable_unscanned() = incident.unscanned();
  request.set_level(incident.level());
  return request;
}

}  // namespace

NotificationDesk::NotificationDesk(NotificationOptions options, NotificationSeams seams,
                                   Clock& clock)
    : options_(options), seams_(std::move(seams)), clock_(clock) {
  thread_ = std::thread([this] { Run(); });
}

NotificationDesk::~NotificationDesk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void NotificationDesk::ApplyPolicy(const v1::Policy& policy) {
  const std::lock_guard lock(mutex_);
  app_titles_.clear();
  for (const v1::App& app : policy.apps()) {
    app_titles_[app.id()] = {app.title_zh(), app.title_en()};
  }
  warn_s_ = policy.clipboard().warn_s();
}

v1::Notification NotificationDesk::NotificationOf(const v1::Incident& incident) const {
  const v1::EventContext& event = incident.event();
  v1::Notification notification;
  notification.set_id(incident.incident_id());
  // Only pasting can be gone on with after a warning.
  const bool warns =
      incident.verdict().action() == v1::ACTION_WARN && event.channel() == v1::CHANNEL_CLIPBOARD;
  notification.set_action(warns ? v1::ACTION_WARN : v1::ACTION_BLOCK);
  if (warns) notification.set_warn_s(warn_s_ == 0 ? kWarnSeconds : warn_s_);
  notification.set_channel(event.channel());
  const Title title = TitleOf(incident.verdict());
  notification.set_rule_title_zh(Clipped(title.zh, kTitleBytesMax));
  notification.set_rule_title_en(Clipped(title.en, kTitleBytesMax));
  notification.set_content_name(Clipped(Printable(event.content_name()), kNameBytesMax));
  const auto app = app_titles_.find(event.program().app());
  const std::string name = Clipped(Printable(event.program().name()), kNameBytesMax);
  notification.set_program_zh(app == app_titles_.end() ? name : app->second.first);
  notification.set_program_en(app == app_titles_.end() ? name : app->second.second);
  notification.set_may_request(!event.content_sha256().empty());
  return notification;
}

void NotificationDesk::OnStopped(const v1::Incident& incident) {
  if (incident.event().channel() == v1::CHANNEL_REPLAY) return;  // nobody did it
  const auto now = clock_.Now();
  {
    const std::lock_guard lock(mutex_);
    Remember(incident);
    const std::string key = KindOf(incident);
    auto it = kinds_.find(key);
    if (it != kinds_.end() && now - it->second.seen >= options_.fold_ms) {
      kinds_.erase(it);
      it = kinds_.end();
    }
    if (it == kinds_.end()) {
      MakeRoom();
      it = kinds_.emplace(key, Kind()).first;
      it->second.uid = incident.event().user().uid();
      it->second.latest = NotificationOf(incident);
      Send(it->second, now);
    } else {
      Kind& kind = it->second;
      const uint32_t repeats = kind.latest.repeats() + 1;
      ++folded_;
      kind.latest = NotificationOf(incident);
      kind.latest.set_repeats(repeats);
      kind.waits = true;
    }
    it->second.seen = now;
  }
  work_.notify_one();
}

void NotificationDesk::MakeRoom() {
  if (kinds_.size() < options_.kinds_max) return;
  kinds_.erase(std::min_element(kinds_.begin(), kinds_.end(), [](const auto& a, const auto& b) {
    return a.second.seen < b.second.seen;
  }));
}

void NotificationDesk::Send(Kind& kind, Clock::Steady now) {
  v1::ToSession message;
  kind.latest.set_replaces(kind.shown);
  *message.mutable_notification() = kind.latest;
  if (seams_.tell(kind.uid, message) == 0) ++unseen_;
  kind.shown = kind.latest.id();
  kind.sent = now;
  kind.waits = false;
}

void NotificationDesk::Remember(const v1::Incident& incident) {
  if (incident.event().content_sha256().empty()) return;
  Remembered& one = remembered_.emplace_back();
  one.uid = incident.event().user().uid();
  one.request = RequestFor(incident);
  remembered_bytes_ += one.request.ByteSizeLong();
  while (remembered_.size() > options_.remembered_max ||
         remembered_bytes_ > options_.remembered_bytes_max) {
    remembered_bytes_ -= remembered_.front().request.ByteSizeLong();
    remembered_.pop_front();
  }
}

absl::Status NotificationDesk::OnResult(uid_t uid, const v1::NotificationResult& result) {
  switch (result.outcome()) {
    case v1::NotificationResult::OUTCOME_SHOWN:
      ++shown_;
      return absl::OkStatus();
    case v1::NotificationResult::OUTCOME_NOT_SHOWN:
      ++not_shown_;
      return absl::OkStatus();
    case v1::NotificationResult::OUTCOME_RELEASE_REQUESTED:
      return TakeRequest(uid, result);
    default:
      return absl::InvalidArgumentError("an outcome of a notification that there is not");
  }
}

absl::Status NotificationDesk::TakeRequest(uid_t uid, const v1::NotificationResult& result) {
  std::string error;
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::ranges::find_if(remembered_, [&](const Remembered& one) {
      return one.request.incident_id() == result.id();
    });
    if (it != remembered_.end() && it->uid != uid) {
      return absl::InvalidArgumentError("a request for what was stopped of another user");
    }
    if (it == remembered_.end()) {
      error = "it was stopped too long ago; shoumi request asks for its release";
    } else if (it->asked) {
      error = "its release has been asked for already";
    } else if (asked_.size() >= options_.requests_max) {
      error = "too many requests wait; ask again in a minute";
    } else {
      it->asked = true;
      Asked& asked = asked_.emplace_back(Asked{uid, it->request});
      asked.request.set_recipient(result.recipient());
      asked.request.set_reason(result.reason());
    }
  }
  if (error.empty()) {
    work_.notify_one();
    return absl::OkStatus();
  }
  v1::ReleaseAnswer refused;
  refused.set_error(error);
  TellOutcome(uid, result.id(), refused);
  return absl::OkStatus();
}

void NotificationDesk::TellOutcome(uid_t uid, const std::string& id,
                                   const v1::ReleaseAnswer& answer) {
  v1::ToSession message;
  message.mutable_release()->set_id(id);
  message.mutable_release()->set_request_id(answer.request_id());
  message.mutable_release()->set_error(answer.error());
  seams_.tell(uid, message);
}

void NotificationDesk::AskableAgain(const std::string& incident_id) {
  for (Remembered& one : remembered_) {
    if (one.request.incident_id() == incident_id) one.asked = false;
  }
}

// Sends what waits for its turn and files requests, one after the other.
void NotificationDesk::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!asked_.empty()) {
      const Asked asked = std::move(asked_.front());
      asked_.pop_front();
      lock.unlock();
      const v1::ReleaseAnswer answer = seams_.request(asked.uid, asked.request);
      lock.lock();
      if (!answer.request_id().empty()) {
        ++requested_;
      } else {
        AskableAgain(asked.request.incident_id());
      }
      TellOutcome(asked.uid, asked.request.incident_id(), answer);
      continue;
    }
    const auto now = clock_.Now();
    std::optional<Clock::Steady> next;
    for (auto& [key, kind] : kinds_) {
      if (!kind.waits) continue;
      const auto due = kind.sent + options_.update_ms_min;
      if (due <= now) {
        Send(kind, now);
      } else {
        next = next ? std::min(*next, due) : due;
      }
    }
    if (next) {
      work_.wait_for(lock, *next - now);
    } else {
      work_.wait(lock);
    }
  }
}

std::map<std::string, uint64_t> NotificationDesk::Counters() const {
  return {{"notifications_shown", shown_},
          {"notifications_not_shown", not_shown_},
          {"notifications_without_session", unseen_},
          {"notifications_folded", folded_},
          {"notifications_requests", requested_}};
}

}  // namespace shoumi::agent
