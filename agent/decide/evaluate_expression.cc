#include <algorithm>

#include "agent/decide/evaluate.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

// Sums stay within 32 bits whatever a worker reports.
uint64_t Sum(uint64_t total, uint32_t more) {
  return std::min<uint64_t>(total + more, UINT32_MAX);
}

Outcome EvaluateDetector(const v1::DetectorCondition& condition, const v1::InspectReport& report,
                         std::set<std::string>& used) {
  uint64_t count = 0;
  uint64_t distinct = 0;
  uint32_t best = 0;
  bool found = false;
  std::set<std::string> names;
  for (const v1::Finding& finding : report.findings()) {
    if (finding.count() == 0 || !rules::DetectorMatches(condition.detector(), finding.rule())) {
      continue;
    }
    best = std::max(best, finding.confidence());
    if (finding.confidence() < condition.min_confidence()) continue;
    found = true;
    count = Sum(count, finding.count());
    distinct = Sum(distinct, finding.distinct());
    names.insert(finding.rule());
  }
  const std::string& name = condition.detector();
  if (!found && best > 0) {
    return {false,
            fmt::format("{}: confidence {}, needs {}", name, best, condition.min_confidence())};
  }
  if (!found) return {false, fmt::format("{}: none found", name)};
  if (count < condition.min_count()) {
    return {false, fmt::format("{}: {} found, needs {}", name, count, condition.min_count())};
  }
  if (distinct < condition.min_distinct()) {
    return {false,
            fmt::format("{}: {} distinct, needs {}", name, distinct, condition.min_distinct())};
  }
  used.merge(names);
  return {true, fmt::format("{}: {} found, {} distinct", name, count, distinct)};
}

Outcome EvaluateAll(const v1::ExpressionList& list, const v1::InspectReport& report,
                    std::set<std::string>& used) {
  std::set<std::string> mine;
  std::string why;
  for (const v1::Expression& item : list.items()) {
    Outcome outcome = EvaluateExpression(item, report, mine);
    if (!outcome.held) return outcome;
    why += (why.empty() ? "" : "; ") + outcome.why;
  }
  used.merge(mine);
  return {true, why};
}

Outcome EvaluateAny(const v1::ExpressionList& list, const v1::InspectReport& report,
                    std::set<std::string>& used) {
  std::string held;
  std::string failed;
  for (const v1::Expression& item : list.items()) {
    const Outcome outcome = EvaluateExpression(item, report, used);
    std::string& why = outcome.held ? held : failed;
    why += (why.empty() ? "" : "; ") + outcome.why;
  }
  if (!held.empty()) return {true, held};
  return {false, failed.empty() ? "empty list" : failed};
}

std::string_view LevelName(v1::Level level) {
  const std::string_view name = rules::Name(level);
  return name.empty() ? "none" : name;
}

}  // namespace

Outcome EvaluateExpression(const v1::Expression& expression, const v1::InspectReport& report,
                           std::set<std::string>& used) {
  switch (expression.kind_case()) {
    case v1::Expression::kDetector:
      return EvaluateDetector(expression.detector(), report, used);
    case v1::Expression::kAll:
      return EvaluateAll(expression.all(), report, used);
    case v1::Expression::kAny:
      return EvaluateAny(expression.any(), report, used);
    case v1::Expression::kNot: {
      std::set<std::string> ignored;
      const Outcome inner = EvaluateExpression(expression.not_(), report, ignored);
      return {!inner.held, fmt::format("not ({})", inner.why)};
    }
    case v1::Expression::kLevelAtLeast: {
      const bool held = report.level() >= expression.level_at_least();
      if (held) {
        for (const v1::Finding& finding : report.findings()) {
          if (finding.level() >= expression.level_at_least() && !finding.marking().expired()) {
            used.insert(finding.rule());
          }
        }
        return {true, fmt::format("level {}", LevelName(report.level()))};
      }
      return {false, fmt::format("level {}, needs {}", LevelName(report.level()),
                                 LevelName(expression.level_at_least()))};
    }
    case v1::Expression::KIND_NOT_SET:
      break;
  }
  // A condition this build does not know must not make a rule hold by accident.
  return {false, "condition that this version does not know"};
}

}  // namespace shoumi::agent
