#include "server/ctl/policy_text.h"

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"
#include "server/ctl/incident_text.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

Cell ActionCell(v1::Action action) {
  const std::string_view name = rules::Name(action);
  return {WordText(name), ActionColour(name)};
}

Cell SeverityCell(v1::Severity severity) {
  const std::string_view name = rules::Name(severity);
  return {WordText(name), SeverityColour(name)};
}

std::string Rules(const v1::Policy& policy, bool colour) {
  Table table({"#", Say("RULE", "规则"), Say("ACTION", "动作"), Say("SEVERITY", "严重程度"),
               Say("TITLE", "说明")},
              colour);
  size_t number = 0;
  for (const v1::Rule& rule : policy.rules()) {
    table.Add({{fmt::format("{}", ++number)},
               {rule.id()},
               ActionCell(rule.action()),
               SeverityCell(rule.severity()),
               {SpeaksChinese() ? rule.title_zh() : rule.title_en()}});
  }
  return table.Text();
}

std::string Unscanned(const v1::Policy& policy, bool colour) {
  Table table(
      {Say("NOT INSPECTED", "未能检查"), Say("ACTION", "动作"), Say("SEVERITY", "严重程度")},
      colour);
  for (const v1::UnscannedFallback& fallback : policy.unscanned()) {
    const std::string name(rules::Name(fallback.reason()));
    table.Add({{SpeaksChinese() ? ReasonText(fallback.reason()) : name},
               ActionCell(fallback.action()),
               SeverityCell(fallback.severity())});
  }
  return table.Text();
}

}  // namespace

std::string ProblemLines(const google::protobuf::RepeatedPtrField<v1::PackProblem>& problems,
                         bool colour) {
  std::string out;
  for (const v1::PackProblem& problem : problems) {
    const bool warning = problem.severity() == v1::PackProblem::SEVERITY_WARNING;
    out += Paint(colour, warning ? kYellow : kRed, Printable(rules::FormatProblem(problem)));
    out += '\n';
  }
  return out;
}

std::string PolicyText(const v1::GetPolicyResponse& answer, bool colour) {
  const v1::Policy& policy = answer.policy();
  std::string out = Labelled(Say("Policy", "策略"), Printable(policy.name()));
  out += Labelled(Say("Version", "版本"), fmt::format("{}", answer.version()));
  out += Labelled(Say("Applied by", "发布者"), Printable(answer.author()));
  out += Labelled(Say("Applied on", "发布时间"), LocalTime(answer.created()));
  out += Labelled(Say("No rule", "无规则时"), WordText(rules::Name(policy.default_action())));
  out += Labelled("USB", ModeText(policy.usb().mode()));
  out += '\n' + Rules(policy, colour) + '\n' + Unscanned(policy, colour);
  return out;
}

}  // namespace shoumi::ctl
