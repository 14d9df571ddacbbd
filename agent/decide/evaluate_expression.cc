#include <algorithm>
#include <utility>
#include <vector>

#include "agent/decide/evaluate.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

// Sums stay within 32 bits whatever a worker reports.
uint64_t Sum(uint64_t total, uint32_t more) {
  return std::min<uint64_t>(total + more, UINT32_MAX);
}

// What one condition counts, of the findings it is about.
struct Counted {
  uint64_t count = 0;
  uint64_t distinct = 0;
  uint32_t best = 0;  // confidence, also of findings that are left out for it
  std::vector<const v1::Finding*> findings;
};

Counted CountHere(const v1::DetectorCondition& condition, const v1::InspectReport& report) {
  Counted here;
  for (const v1::Finding& finding : report.findings()) {
    if (finding.count() == 0 || !rules::DetectorMatches(condition.detector(), finding.rule())) {
      continue;
    }
    here.best = std::max(here.best, finding.confidence());
    if (finding.confidence() < condition.min_confidence()) continue;
    here.count = Sum(here.count, finding.count());
    here.distinct = Sum(here.distinct, finding.distinct());
    here.findings.push_back(&finding);
  }
  return here;
}

// Values beyond the bound on value_keys count here and are not told from those that passed before,
// so the sum may be too high and is never too low. What passes is remembered up to that bound,
// which is as much as any `min_distinct` beside `within` asks for.
Outcome CountOverTime(const v1::DetectorCondition& condition, const Counted& here,
                      const History& history) {
  const uint64_t total =
      here.distinct +
      history.PassedBesides(condition.detector(), condition.within_minutes(), here.findings);
  uint64_t known = 0;
  for (const v1::Finding* finding : here.findings) {
    known += static_cast<uint64_t>(finding->value_keys_size());
  }
  std::string what = fmt::format("{} distinct here", here.distinct);
  if (known < here.distinct) what += fmt::format(" ({} of them can be remembered)", known);
  what += fmt::format(", {} within {}", total, rules::DurationName(condition.within_minutes()));
  if (total >= condition.min_distinct()) return {true, what};
  return {false, fmt::format("{}, needs {}", what, condition.min_distinct())};
}

Outcome EvaluateDetector(const v1::DetectorCondition& condition, const v1::InspectReport& report,
                         const History& history, std::set<std::string>& used) {
  const Counted here = CountHere(condition, report);
  const std::string& name = condition.detector();
  if (here.findings.empty() && here.best > 0) {
    return {false, fmt::format("{}: confidence {}, needs {}", name, here.best,
                               condition.min_confidence())};
  }
  if (here.findings.empty()) return {false, fmt::format("{}: none found", name)};
  if (here.count < condition.min_count()) {
    return {false, fmt::format("{}: {} found, needs {}", name, here.count, condition.min_count())};
  }
  std::string what = fmt::format("{} distinct", here.distinct);
  if (condition.within_minutes() > 0) {
    Outcome over_time = CountOverTime(condition, here, history);
    if (!over_time.held) return {false, fmt::format("{}: {}", name, over_time.why)};
    what = std::move(over_time.why);
  } else if (here.distinct < condition.min_distinct()) {
    return {false, fmt::format("{}: {}, needs {}", name, what, condition.min_distinct())};
  }
  for (const v1::Finding* finding : here.findings) used.insert(finding->rule());
  return {true, fmt::format("{}: {} found, {}", name, here.count, what)};
}

Outcome EvaluateAll(const v1::ExpressionList& list, const v1::InspectReport& report,
                    const History& history, std::set<std::string>& used) {
  std::set<std::string> mine;
  std::string why;
  for (const v1::Expression& item : list.items()) {
    Outcome outcome = EvaluateExpression(item, report, history, mine);
    if (!outcome.held) return outcome;
    why += (why.empty() ? "" : "; ") + outcome.why;
  }
  used.merge(mine);
  return {true, why};
}

Outcome EvaluateAny(const v1::ExpressionList& list, const v1::InspectReport& report,
                    const History& history, std::set<std::string>& used) {
  std::string held;
  std::string failed;
  for (const v1::Expression& item : list.items()) {
    const Outcome outcome = EvaluateExpression(item, report, history, used);
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

const History& History::None() {
  class Empty final : public History {
    [[nodiscard]] uint64_t PassedBesides(std::string_view, uint32_t,
                                         const std::vector<const v1::Finding*>&) const override {
      return 0;
    }
  };
  static const Empty none;
  return none;
}

Outcome EvaluateExpression(const v1::Expression& expression, const v1::InspectReport& report,
                           const History& history, std::set<std::string>& used) {
  switch (expression.kind_case()) {
    case v1::Expression::kDetector:
      return EvaluateDetector(expression.detector(), report, history, used);
    case v1::Expression::kAll:
      return EvaluateAll(expression.all(), report, history, used);
    case v1::Expression::kAny:
      return EvaluateAny(expression.any(), report, history, used);
    case v1::Expression::kNot: {
      std::set<std::string> ignored;
      const Outcome inner = EvaluateExpression(expression.not_(), report, history, ignored);
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
