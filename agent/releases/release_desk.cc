#include "agent/releases/release_desk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <string_view>
#include <utility>

#include "common/crypto/crypto.h"
#include "common/ids.h"
#include "common/terminal/text.h"
#include "common/text.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr std::chrono::milliseconds kTick{100};  // between looks at whether the agent stops

// The answer of something that calls back, or nothing when `wait` or the agent ends first.
template <class Value>
absl::StatusOr<Value> Await(std::future<Value>& future, std::chrono::milliseconds wait,
                            const std::atomic<bool>& stopping) {
  const auto end = std::chrono::steady_clock::now() + wait;
  while (future.wait_for(kTick) != std::future_status::ready) {
    if (stopping) return absl::UnavailableError("the agent is stopping; ask again");
    if (std::chrono::steady_clock::now() >= end) {
      return absl::DeadlineExceededError("it took too long; ask again");
    }
  }
  return future.get();
}

absl::Status CheckText(std::string_view what, std::string_view text, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max || !IsUtf8(text)) {
    return absl::InvalidArgumentError(
        fmt::format("{} has 1 to {} bytes of UTF-8", what, bytes_max));
  }
  const bool controls = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t';
  });
  return controls ? absl::InvalidArgumentError(fmt::format("{} has control characters", what))
                  : absl::OkStatus();
}

absl::Status CheckTexts(std::string_view recipient, std::string_view reason) {
  auto status = CheckText("the recipient", recipient, kRecipientBytesMax);
  return status.ok() ? CheckText("the reason", reason, kReasonBytesMax) : status;
}

absl::Status Check(const v1::ReleaseQuestion& question) {
  if (question.protocol() != kProtocol) {
    return absl::InvalidArgumentError("shoumi and the agent are of different versions");
  }
  if (auto status = CheckTexts(question.recipient(), question.reason()); !status.ok()) {
    return status;
  }
  const std::string& name = question.content_name();
  if (name.empty() || name.size() > kRequestNameBytesMax || name.find('/') != std::string::npos) {
    return absl::InvalidArgumentError("the file has no proper name");
  }
  if (!v1::Channel_IsValid(question.channel())) {
    return absl::InvalidArgumentError("the channel is unknown");
  }
  if (question.valid_days() > kRequestDaysMax) {
    return absl::InvalidArgumentError(
        fmt::format("at most {} days can be asked for", kRequestDaysMax));
  }
  if (!question.incident_id().empty() && !IsUuid(question.incident_id())) {
    return absl::InvalidArgumentError("the incident's id is none");
  }
  return absl::OkStatus();
}

// Memory that nobody can change or cut, and that never has to be waited for.
absl::StatusOr<uint64_t> SealedBytes(int content, uint64_t bytes_max) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  struct stat about {};
  const int seals = ::fcntl(content, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(content, &about) != 0 ||
      !S_ISREG(about.st_mode)) {
    return absl::InvalidArgumentError("the content did not come as sealed memory");
  }
  const auto bytes = static_cast<uint64_t>(about.st_size);
  if (bytes > bytes_max) {
    return absl::ResourceExhaustedError(fmt::format("the file has more than {} bytes", bytes_max));
  }
  return bytes;
}

std::string NameForPeople(const std::string& name) {
  return std::string(ClipUtf8(Printable(name), kRequestNameBytesMax));
}

}  // namespace

v1::ReleaseAnswer ReleaseDesk::Refused(const absl::Status& status) const {
  v1::ReleaseAnswer answer;
  answer.set_connected(seams_.connected());
  answer.set_error(std::string(status.message()));
  return answer;
}

absl::Status ReleaseDesk::TakeTurn(uint32_t uid) {
  const std::lock_guard lock(mutex_);
  std::deque<Clock::Steady>& asked = asked_[uid];
  const auto now = clock_.Now();
  while (!asked.empty() && now - asked.front() >= std::chrono::hours(1)) asked.pop_front();
  if (asked.size() >= options_.requests_per_user_hour_max) {
    return absl::ResourceExhaustedError(
        fmt::format("{} requests in an hour are the most that one user can make",
                    options_.requests_per_user_hour_max));
  }
  asked.push_back(now);
  return absl::OkStatus();
}

absl::StatusOr<v1::InspectReport> ReleaseDesk::Inspect(const std::string& name, UniqueFd content) {
  const auto inspector = seams_.inspector();
  if (inspector == nullptr) {
    return absl::UnavailableError("no policy is in force yet; ask again when there is one");
  }
  inspect::Inspection inspection;
  inspection.name = name;
  inspection.content = std::move(content);
  inspection.own_content = true;
  inspection.deadline = std::chrono::steady_clock::now() + options_.inspect_ms_max;
  inspection.today = LocalDate(clock_.WallNow());
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  auto future = promise->get_future();
  inspector->Inspect(std::move(inspection), [promise](v1::InspectReport report) {
    promise->set_value(std::move(report));
  });
  return Await(future, options_.inspect_ms_max + kTick, stopping_);
}

absl::Status ReleaseDesk::Keep(v1::ReleaseRequest request) {
  v1::SpoolRecord record;
  *record.mutable_release_request() = std::move(request);
  auto promise = std::make_shared<std::promise<absl::Status>>();
  auto future = promise->get_future();
  seams_.keep(std::move(record),
              [promise](absl::Status status) { promise->set_value(std::move(status)); });
  const auto kept = Await(future, options_.durable_ms_max, stopping_);
  if (!kept.ok()) return kept.status();
  return kept->ok() ? absl::OkStatus()
                    : absl::ResourceExhaustedError(
                          "the agent has no room to keep it; ask again when it is connected");
}

v1::ReleaseAnswer ReleaseDesk::Ask(uint32_t uid, const v1::ReleaseQuestion& question,
                                   UniqueFd content) {
  if (auto status = Check(question); !status.ok()) return Refused(status);
  const auto bytes = SealedBytes(content.get(), options_.content_bytes_max);
  if (!bytes.ok()) return Refused(bytes.status());
  if (auto status = TakeTurn(uid); !status.ok()) return Refused(status);
  const auto digest = crypto::Sha256HexOfFile(content.get());
  if (!digest.ok()) return Refused(digest.status());
  auto report = Inspect(question.content_name(), std::move(content));
  if (!report.ok()) return Refused(report.status());

  v1::ReleaseRequest request;
  request.set_content_name(NameForPeople(question.content_name()));
  request.set_content_sha256(*digest);
  request.set_content_bytes(*bytes);
  request.set_recipient(question.recipient());
  request.set_reason(question.reason());
  request.set_channel(question.channel());
  request.set_valid_days(question.valid_days());
  request.set_incident_id(question.incident_id());
  *request.mutable_findings() = report->findings();
  for (v1::Finding& finding : *request.mutable_findings()) finding.clear_value_keys();
  *request.mutable_unscanned() = report->unscanned();
  request.set_level(report->level());
  return File(uid, std::move(request));
}

v1::ReleaseAnswer ReleaseDesk::AskAgain(uint32_t uid, v1::ReleaseRequest request) {
  if (auto status = CheckTexts(request.recipient(), request.reason()); !status.ok()) {
    return Refused(status);
  }
  if (auto status = TakeTurn(uid); !status.ok()) return Refused(status);
  return File(uid, std::move(request));
}

v1::ReleaseAnswer ReleaseDesk::File(uint32_t uid, v1::ReleaseRequest request) {
  auto user = std::make_shared<std::promise<v1::User>>();
  auto found = user->get_future();
  seams_.find_user(uid, [user](v1::User who) { user->set_value(std::move(who)); });
  const auto who = Await(found, options_.user_ms_max, stopping_);

  request.set_request_id(NewUuid());
  *request.mutable_time() = ToProtoTime(clock_.WallNow());
  if (who.ok()) *request.mutable_user() = *who;
  request.mutable_user()->set_uid(uid);
  v1::ReleaseAnswer answer;
  answer.set_connected(seams_.connected());
  answer.set_request_id(request.request_id());
  answer.set_level(request.level());
  for (const v1::Finding& finding : request.findings()) answer.add_rules(finding.rule());
  if (auto status = Keep(std::move(request)); !status.ok()) return Refused(status);
  return answer;
}

}  // namespace shoumi::agent
