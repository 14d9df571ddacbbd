#include "agent/decide/decide.h"

#include <ctime>
#include <utility>

#include "agent/decide/evaluate.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

struct Title {
  v1::UnscannedReason reason;
  const char* zh;
  const char* en;
};
constexpr Title kUnscannedTitles[] = {
    {v1::UNSCANNED_REASON_ENCRYPTED, "文件已加密，无法检查", "Encrypted: cannot be inspected"},
    {v1::UNSCANNED_REASON_CORRUPT, "文件已损坏，无法检查", "Damaged: cannot be inspected"},
    {v1::UNSCANNED_REASON_OVERSIZE, "文件过大，无法完整检查", "Too large to be inspected"},
    {v1::UNSCANNED_REASON_TOO_DEEP, "压缩包嵌套过深，无法检查", "Archives nested too deep"},
    {v1::UNSCANNED_REASON_TOO_MANY, "压缩包内文件过多，无法检查", "Too many files in an archive"},
    {v1::UNSCANNED_REASON_TIMEOUT, "检查超时", "Inspection took too long"},
    {v1::UNSCANNED_REASON_UNSUPPORTED, "文件格式不受支持，无法检查", "Format cannot be inspected"},
    {v1::UNSCANNED_REASON_PARTIAL, "文件只检查了一部分", "Only a part could be inspected"},
    {v1::UNSCANNED_REASON_CRASHED, "检查程序异常退出", "Inspection failed on this file"},
    {v1::UNSCANNED_REASON_OVERLOADED, "检查队列已满", "Inspection is overloaded"}};
constexpr Title kUnknownTitle = {v1::UNSCANNED_REASON_UNSPECIFIED, "无法检查",
                                 "Cannot be inspected"};

const Title& TitleOf(v1::UnscannedReason reason) {
  for (const Title& title : kUnscannedTitles) {
    if (title.reason == reason) return title;
  }
  return kUnknownTitle;
}

v1::Action Specified(v1::Action action) {
  return rules::Name(action).empty() ? v1::ACTION_BLOCK : action;
}

Outcome Evaluate(const v1::Policy& policy, const v1::Rule& rule, const v1::EventContext& context,
                 const v1::InspectReport& report, LocalTime now, const History& history,
                 std::set<std::string>& used) {
  Outcome conditions =
      EvaluateConditions(rule.conditions(), context, now, policy.clipboard().unknown_is_none());
  if (!conditions.held) return conditions;
  if (!rule.has_when()) return {true, "always"};
  return EvaluateExpression(rule.when(), report, history, used);
}

void DecideByRules(const v1::Policy& policy, const v1::EventContext& context,
                   const v1::InspectReport& report, LocalTime now, const History& history,
                   v1::Verdict& verdict) {
  for (const v1::Rule& rule : policy.rules()) {
    std::set<std::string> used;
    Outcome outcome = Evaluate(policy, rule, context, report, now, history, used);
    v1::RuleTrace& trace = *verdict.add_trace();
    trace.set_rule(rule.id());
    trace.set_held(outcome.held);
    trace.set_why(std::move(outcome.why));
    if (!outcome.held) continue;
    verdict.set_action(Specified(rule.action()));
    verdict.set_basis(v1::VERDICT_BASIS_RULE);
    verdict.set_rule(rule.id());
    verdict.set_severity(rule.severity());
    verdict.set_title_zh(rule.title_zh());
    verdict.set_title_en(rule.title_en());
    for (const std::string& id : used) verdict.add_findings(id);
    return;
  }
  verdict.set_action(Specified(policy.default_action()));
  verdict.set_basis(v1::VERDICT_BASIS_DEFAULT);
  verdict.set_severity(v1::SEVERITY_LOW);
  verdict.set_title_zh("没有规则适用");
  verdict.set_title_en("No rule holds");
}

// Of a reason the policy has no fallback for: block. CheckPolicy does not let such a policy in
// force, but a newer worker may know reasons that this agent does not.
v1::UnscannedFallback FallbackFor(const v1::Policy& policy, v1::UnscannedReason reason) {
  for (const v1::UnscannedFallback& fallback : policy.unscanned()) {
    if (fallback.reason() != reason) continue;
    v1::UnscannedFallback result = fallback;
    result.set_action(Specified(fallback.action()));
    return result;
  }
  v1::UnscannedFallback result;
  result.set_reason(reason);
  result.set_action(v1::ACTION_BLOCK);
  result.set_severity(v1::SEVERITY_HIGH);
  return result;
}

bool IsStricter(const v1::UnscannedFallback& a, const v1::UnscannedFallback& b) {
  const int by_action = Strictness(a.action()) - Strictness(b.action());
  if (by_action != 0) return by_action > 0;
  if (a.severity() != b.severity()) return a.severity() > b.severity();
  return a.reason() < b.reason();
}

void RaiseByUnscanned(const v1::Policy& policy, const v1::InspectReport& report,
                      v1::Verdict& verdict) {
  if (report.unscanned().empty()) return;
  v1::UnscannedFallback strictest = FallbackFor(policy, report.unscanned(0).reason());
  for (const v1::Unscanned& unscanned : report.unscanned()) {
    v1::UnscannedFallback fallback = FallbackFor(policy, unscanned.reason());
    if (IsStricter(fallback, strictest)) strictest = std::move(fallback);
  }
  if (Strictness(strictest.action()) <= Strictness(verdict.action())) return;
  const std::string_view name = rules::Name(strictest.reason());
  const Title& title = TitleOf(strictest.reason());
  verdict.set_action(strictest.action());
  verdict.set_basis(v1::VERDICT_BASIS_UNSCANNED);
  verdict.set_rule(name.empty() ? "unknown" : std::string(name));
  verdict.set_severity(strictest.severity());
  verdict.set_title_zh(title.zh);
  verdict.set_title_en(title.en);
  verdict.clear_findings();
}

}  // namespace

LocalTime LocalTimeOf(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return {parts.tm_wday == 0 ? 7U : static_cast<uint32_t>(parts.tm_wday),
          static_cast<uint32_t>(parts.tm_hour * 60 + parts.tm_min)};
}

bool Stops(v1::Action action) {
  return Strictness(action) >= Strictness(v1::ACTION_WARN);
}

int Strictness(v1::Action action) {
  return static_cast<int>(Specified(action));
}

v1::Verdict Decide(const v1::Policy& policy, const v1::EventContext& context,
                   const v1::InspectReport& report, LocalTime now, const History& history) {
  v1::Verdict verdict;
  verdict.set_enforced(true);
  DecideByRules(policy, context, report, now, history, verdict);
  RaiseByUnscanned(policy, report, verdict);
  return verdict;
}

}  // namespace shoumi::agent
