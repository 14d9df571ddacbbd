#include "agent/channels/clipboard/paste_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/channels/clipboard/content.h"
#include "agent/channels/clipboard/program_of.h"
#include "common/terminal/text.h"
#include "common/text.h"

namespace shoumi::agent::clipboard {
namespace {

constexpr uint32_t kVerdictMs = 5'000;  // where the policy says nothing
constexpr uint32_t kVerdictMsMax = 60'000;
constexpr uint32_t kWarnSeconds = 60;
constexpr size_t kWordBytesMax = 256;  // of what a session names

bool Stops(v1::Action action) {
  return action != v1::ACTION_ALLOW && action != v1::ACTION_REPORT;
}

bool MayWarn(const v1::Policy& policy) {
  const auto warns = [](const auto& part) { return part.action() == v1::ACTION_WARN; };
  return policy.default_action() == v1::ACTION_WARN || std::ranges::any_of(policy.rules(), warns) ||
         std::ranges::any_of(policy.unscanned(), warns);
}

v1::UnscannedFallback FallbackFor(const v1::Policy& policy, v1::UnscannedReason reason) {
  for (const v1::UnscannedFallback& fallback : policy.unscanned()) {
    if (fallback.reason() == reason && fallback.action() != v1::ACTION_UNSPECIFIED) return fallback;
  }
  v1::UnscannedFallback block;
  block.set_reason(reason);
  block.set_action(v1::ACTION_BLOCK);
  block.set_severity(v1::SEVERITY_HIGH);
  return block;
}

// "UNSCANNED_REASON_TOO_MANY" → "too_many", as verdicts name it.
std::string WordOf(v1::UnscannedReason reason) {
  constexpr std::string_view kPrefix = "UNSCANNED_REASON_";
  std::string word = v1::UnscannedReason_Name(reason).substr(kPrefix.size());
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word;
}

v1::PasteAnswer AnswerTo(const v1::PasteQuestion& question, const v1::Verdict& verdict, bool pass) {
  v1::PasteAnswer answer;
  answer.set_id(question.id());
  answer.set_pass(pass);
  answer.set_action(verdict.action());
  answer.set_title_zh(verdict.title_zh());
  answer.set_title_en(verdict.title_en());
  return answer;
}

// A session's own words reach incidents: bounded, and nothing else.
bool WellFormed(const v1::PasteQuestion& question) {
  return question.selection().size() <= kWordBytesMax &&
         question.target().size() <= kWordBytesMax &&
         question.window_class().size() <= kWordBytesMax &&
         question.file_name().size() <= kWordBytesMax && question.source_pid() >= 0 &&
         question.requestor_pid() >= 0 && v1::UnscannedReason_IsValid(question.reason());
}

}  // namespace

PasteJudge::Rules::Rules(const v1::Policy& of, apps::Homes& homes)
    : warns(MayWarn(of)), catalogue(of.apps(), homes) {
  policy.set_default_action(of.default_action());
  *policy.mutable_unscanned() = of.unscanned();
  *policy.mutable_clipboard() = of.clipboard();
}

void PasteJudge::ApplyPolicy(const v1::Policy& policy) {
  auto rules = std::make_shared<Rules>(policy, homes_);
  warnings_.Clear();
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
}

std::shared_ptr<const PasteJudge::Rules> PasteJudge::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

v1::SessionSettings PasteJudge::Settings() const {
  const auto now = rules();
  const v1::ClipboardPolicy& clipboard = now->policy.clipboard();
  v1::SessionSettings settings;
  // Nothing is guarded before a policy says so.
  settings.set_mode(clipboard.mode() == v1::CHANNEL_MODE_UNSPECIFIED ? v1::CHANNEL_MODE_OFF
                                                                     : clipboard.mode());
  settings.set_verdict_ms_max(clipboard.verdict_ms_max() == 0
                                  ? kVerdictMs
                                  : std::min(clipboard.verdict_ms_max(), kVerdictMsMax));
  settings.set_pass_unjudged(
      settings.mode() != v1::CHANNEL_MODE_INSPECT ||
      !Stops(FallbackFor(now->policy, v1::UNSCANNED_REASON_TIMEOUT).action()));
  return settings;
}

std::chrono::seconds PasteJudge::WarnTime(const Rules& rules) const {
  const uint32_t seconds = rules.policy.clipboard().warn_s();
  return std::chrono::seconds(seconds == 0 ? kWarnSeconds : seconds);
}

v1::Program PasteJudge::ProgramOf(const Rules& rules, pid_t pid) const {
  return options_.program_of ? options_.program_of(pid) : ProgramOfProcess(pid, rules.catalogue);
}

v1::EventContext PasteJudge::ContextOf(const Rules& rules, uid_t uid,
                                       const v1::PasteQuestion& question) const {
  v1::EventContext context;
  context.set_channel(v1::CHANNEL_CLIPBOARD);
  context.mutable_user()->set_uid(uid);
  if (question.source_pid() > 0) {
    *context.mutable_source() = ProgramOf(rules, question.source_pid());
  }
  if (question.requestor_pid() > 0) {
    *context.mutable_program() = ProgramOf(rules, question.requestor_pid());
  }
  context.set_operation(question.requestor_pid() > 0 ? "paste" : "copy");
  context.set_destination(question.window_class());
  context.set_content_name(std::string(ClipUtf8(
      IsUtf8(question.file_name()) ? question.file_name() : Printable(question.file_name()),
      kWordBytesMax)));
  return context;
}

absl::Status PasteJudge::Ask(uid_t uid, const v1::PasteQuestion& question, UniqueFd content,
                             Then then) {
  if (!WellFormed(question)) return absl::InvalidArgumentError("a question out of bounds");
  const bool unread = question.reason() != v1::UNSCANNED_REASON_UNSPECIFIED;
  if (unread == content.ok()) {
    return absl::InvalidArgumentError("content and a reason why there is none, or neither");
  }
  const auto now = rules();
  const v1::ChannelMode mode = now->policy.clipboard().mode();
  if (mode != v1::CHANNEL_MODE_INSPECT && mode != v1::CHANNEL_MODE_REPORT_ONLY) {
    then(AnswerTo(question, v1::Verdict(), true));
    return absl::OkStatus();
  }
  if (unread) {
    DecideUnread(*now, uid, question, then);
    return absl::OkStatus();
  }
  return Submit(now, uid, question, content, std::move(then));
}

void PasteJudge::DecideUnread(const Rules& rules, uid_t uid, const v1::PasteQuestion& question,
                              const Then& then) {
  const v1::UnscannedFallback fallback = FallbackFor(rules.policy, question.reason());
  v1::EventContext context = ContextOf(rules, uid, question);
  const std::string what = fmt::format("{}\n{}\n{}\n{}", uid, context.program().executable(),
                                       question.target(), static_cast<int>(question.reason()));
  const bool report_only = rules.policy.clipboard().mode() == v1::CHANNEL_MODE_REPORT_ONLY;
  const bool goes_on = fallback.action() == v1::ACTION_WARN &&
                       warnings_.MayGoOn(what, WarnTime(rules), clock_.Now());
  v1::Verdict verdict;
  verdict.set_action(fallback.action());
  verdict.set_basis(v1::VERDICT_BASIS_UNSCANNED);
  verdict.set_rule(WordOf(question.reason()));
  verdict.set_severity(fallback.severity());
  verdict.set_enforced(!Stops(fallback.action()) || !(report_only || goes_on));
  if (goes_on) context.set_operation("paste_again");
  if (fallback.action() != v1::ACTION_ALLOW) sink_.RecordRefusal(context, verdict);
  then(AnswerTo(question, verdict, Passes(verdict, what, goes_on, report_only)));
}

absl::Status PasteJudge::Submit(const std::shared_ptr<const Rules>& rules, uid_t uid,
                                const v1::PasteQuestion& question, const UniqueFd& content,
                                Then then) {
  auto taken = TakeContent(content);
  if (!taken.ok()) return taken.status();
  Event event;
  event.context = ContextOf(*rules, uid, question);
  event.context.set_content_bytes(taken->bytes);
  event.name = question.file_name();
  event.own_content = taken->sealed;
  const bool report_only = rules->policy.clipboard().mode() == v1::CHANNEL_MODE_REPORT_ONLY;
  std::string what;
  if (rules->warns) {
    what =
        fmt::format("{}\n{}\n{}", uid, event.context.program().executable(), Fingerprint(*taken));
  }
  const bool goes_on = rules->warns && warnings_.MayGoOn(what, WarnTime(*rules), clock_.Now());
  if (goes_on) event.context.set_operation("paste_again");
  event.report_only = report_only || goes_on;
  event.content = std::move(taken->fd);
  event.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(Settings().verdict_ms_max());
  event.answer = [self = shared_from_this(), question, what, goes_on, report_only,
                  then = std::move(then)](const v1::Verdict& verdict) {
    then(AnswerTo(question, verdict, self->Passes(verdict, what, goes_on, report_only)));
  };
  sink_.Submit(std::move(event));
  return absl::OkStatus();
}

bool PasteJudge::Passes(const v1::Verdict& verdict, const std::string& what, bool goes_on,
                        bool report_only) {
  if (report_only || !Stops(verdict.action())) return true;
  if (verdict.action() != v1::ACTION_WARN || what.empty()) return false;
  if (goes_on) return true;
  warnings_.Warn(what, WarnTime(*rules()), clock_.Now());
  return false;
}

}  // namespace shoumi::agent::clipboard
