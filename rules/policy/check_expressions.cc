#include <algorithm>

#include "fmt/format.h"
#include "rules/policy/check.h"
#include "rules/policy/names.h"

namespace shoumi::rules {
namespace {

constexpr uint32_t kConfidenceMax = 100;

class ExpressionCheck {
 public:
  ExpressionCheck(const std::vector<std::string>& detectors, Problems& problems)
      : detectors_(detectors), problems_(problems) {}

  void Check(const v1::Expression& expression, const std::string& path, size_t depth) {
    if (++nodes_ > kExpressionNodesMax) {
      if (nodes_ == kExpressionNodesMax + 1) {
        problems_.Error("Y114", path,
                        fmt::format("more than {} conditions in one policy", kExpressionNodesMax));
      }
      return;
    }
    if (depth > kExpressionDepthMax) {
      problems_.Error("Y114", path, fmt::format("nested deeper than {}", kExpressionDepthMax));
      return;
    }
    switch (expression.kind_case()) {
      case v1::Expression::kDetector:
        return CheckDetector(expression.detector(), path);
      case v1::Expression::kAll:
        return CheckList(expression.all(), path + ".all", depth);
      case v1::Expression::kAny:
        return CheckList(expression.any(), path + ".any", depth);
      case v1::Expression::kNot:
        return Check(expression.not_(), path + ".not", depth + 1);
      case v1::Expression::kLevelAtLeast:
        return CheckLevel(expression.level_at_least(), path + ".level_at_least");
      case v1::Expression::KIND_NOT_SET:
        problems_.Error("Y113", path, "empty; say detector, all, any, not or level_at_least");
    }
  }

 private:
  void CheckList(const v1::ExpressionList& list, const std::string& path, size_t depth) {
    if (list.items_size() == 0) problems_.Error("Y113", path, "empty list of conditions");
    for (int i = 0; i < list.items_size(); ++i) {
      Check(list.items(i), fmt::format("{}[{}]", path, i), depth + 1);
    }
  }

  void CheckDetector(const v1::DetectorCondition& condition, const std::string& path) {
    if (condition.min_confidence() > kConfidenceMax) {
      problems_.Error("Y107", path + ".min_confidence", "confidence is 0 to 100");
    }
    if (condition.within_minutes() > 0) CheckWithin(condition, path);
    const std::string& name = condition.detector();
    if (name.empty()) {
      problems_.Error("Y103", path, "missing: the detector's id");
      return;
    }
    const bool known = std::ranges::any_of(
        detectors_, [&](const std::string& id) { return DetectorMatches(name, id); });
    if (known) return;
    problems_.Error(
        "Y112", path + ".detector",
        fmt::format("no pack defines a detector '{}'{}", name, Suggestion(name, detectors_)));
  }

  void CheckWithin(const v1::DetectorCondition& condition, const std::string& path) {
    if (condition.within_minutes() > kWithinMinutesMax) {
      problems_.Error("Y107", path + ".within",
                      fmt::format("longer than {}", DurationName(kWithinMinutesMax)));
    }
    if (condition.min_distinct() == 0) {
      problems_.Error("Y119", path + ".within",
                      "counts distinct values over time; say from how many on with min_distinct");
    } else if (condition.min_distinct() > kDistinctWithinMax) {
      problems_.Error("Y107", path + ".min_distinct",
                      fmt::format("{} is more than {}, the most that is counted over time",
                                  condition.min_distinct(), kDistinctWithinMax));
    }
  }

  void CheckLevel(v1::Level level, const std::string& path) {
    if (Name(level).empty()) {
      problems_.Error("Y106", path, "no known level (confidential, secret, top_secret)");
    } else if (level == v1::LEVEL_NONE) {
      problems_.Error("Y118", path,
                      "every document is at least 'none'; say 'when: always' for a rule that "
                      "always holds");
    }
  }

  const std::vector<std::string>& detectors_;
  Problems& problems_;
  size_t nodes_ = 0;
};

void CollectOverTime(const v1::Expression& expression,
                     std::vector<const v1::DetectorCondition*>& found) {
  switch (expression.kind_case()) {
    case v1::Expression::kDetector:
      if (expression.detector().within_minutes() > 0) found.push_back(&expression.detector());
      return;
    case v1::Expression::kAll:
      for (const v1::Expression& item : expression.all().items()) CollectOverTime(item, found);
      return;
    case v1::Expression::kAny:
      for (const v1::Expression& item : expression.any().items()) CollectOverTime(item, found);
      return;
    case v1::Expression::kNot:
      return CollectOverTime(expression.not_(), found);
    case v1::Expression::kLevelAtLeast:
    case v1::Expression::KIND_NOT_SET:
      return;
  }
}

}  // namespace

std::vector<const v1::DetectorCondition*> ConditionsOverTime(const v1::Policy& policy) {
  std::vector<const v1::DetectorCondition*> found;
  for (const v1::Rule& rule : policy.rules()) CollectOverTime(rule.when(), found);
  return found;
}

void CheckExpressions(const v1::Policy& policy, const std::vector<std::string>& detectors,
                      Problems& problems) {
  ExpressionCheck check(detectors, problems);
  for (int i = 0; i < policy.rules_size(); ++i) {
    if (!policy.rules(i).has_when()) continue;
    check.Check(policy.rules(i).when(), fmt::format("rules[{}].when", i), 1);
  }
}

}  // namespace shoumi::rules
