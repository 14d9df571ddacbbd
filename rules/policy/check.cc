#include "rules/policy/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "fmt/format.h"
#include "google/protobuf/stubs/common.h"
#include "rules/policy/names.h"

namespace shoumi::rules {
namespace {

constexpr size_t kIdBytesMax = 64;

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

void CheckText(std::string_view text, const std::string& path, Problems& problems) {
  if (text.size() > kPolicyTextBytesMax) {
    problems.Error("Y107", path, fmt::format("longer than {} bytes", kPolicyTextBytesMax));
  } else if (!IsValidUtf8(text)) {
    problems.Error("Y104", path, "not valid UTF-8");
  }
}

void CheckTitle(std::string_view text, const std::string& path, Problems& problems) {
  if (text.empty()) {
    problems.Error("Y117", path, "a rule needs a title in both languages (zh, en)");
  }
  CheckText(text, path, problems);
}

void CheckRule(const v1::Rule& rule, const std::string& path, Problems& problems) {
  if (!IsId(rule.id())) {
    problems.Error("Y110", path + ".id",
                   fmt::format("a rule id is 1 to {} of a-z 0-9 _ - .", kIdBytesMax));
  }
  CheckTitle(rule.title_zh(), path + ".title.zh", problems);
  CheckTitle(rule.title_en(), path + ".title.en", problems);
  if (Name(rule.action()).empty()) {
    problems.Error("Y106", path + ".action", "no known action (allow, report, warn, block)");
  }
  if (Name(rule.severity()).empty()) {
    problems.Error("Y106", path + ".severity", "no known severity (low, medium, high, critical)");
  }
  CheckConditions(rule.conditions(), path + ".conditions", problems);
}

bool IsCatchAll(const v1::Rule& rule) {
  return !rule.has_when() && rule.conditions().ByteSizeLong() == 0;
}

// What an event must be like for the rule to hold; equal texts hold for equal events.
std::string Scope(const v1::Rule& rule) {
  return rule.when().SerializeAsString() + '\x1f' + rule.conditions().SerializeAsString();
}

void CheckOrder(const v1::Policy& policy, Problems& problems) {
  std::map<std::string, std::string> ids;
  std::map<std::string, std::string> scopes;
  std::string catch_all;
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    const std::string path = fmt::format("rules[{}]", i);
    if (const auto [first, fresh] = ids.emplace(rule.id(), path); !fresh) {
      problems.Error("Y111", path + ".id",
                     fmt::format("id '{}' is also that of {}", rule.id(), first->second));
    }
    if (problems.HasErrors()) continue;
    const auto [same, fresh] = scopes.emplace(Scope(rule), rule.id());
    if (!catch_all.empty()) {
      problems.Warning("Y115", path,
                       fmt::format("rule '{}' is never reached: rule '{}' before it always holds",
                                   rule.id(), catch_all));
    } else if (!fresh) {
      problems.Warning("Y115", path,
                       fmt::format("rule '{}' is never reached: rule '{}' before it holds for the "
                                   "same events",
                                   rule.id(), same->second));
    }
    if (catch_all.empty() && IsCatchAll(rule)) catch_all = rule.id();
  }
}

void CheckUnscanned(const v1::Policy& policy, Problems& problems) {
  std::set<v1::UnscannedReason> seen;
  for (int i = 0; i < policy.unscanned_size(); ++i) {
    const v1::UnscannedFallback& fallback = policy.unscanned(i);
    const std::string_view name = Name(fallback.reason());
    const std::string path =
        name.empty() ? fmt::format("unscanned[{}]", i) : fmt::format("unscanned.{}", name);
    if (name.empty()) problems.Error("Y106", path, "no known reason");
    if (!seen.insert(fallback.reason()).second) {
      problems.Error("Y105", path, "this reason has an action already");
    }
    if (Name(fallback.action()).empty()) problems.Error("Y106", path, "no known action");
    if (Name(fallback.severity()).empty()) problems.Error("Y106", path, "no known severity");
  }
  for (const v1::UnscannedReason reason : UnscannedReasons()) {
    if (seen.contains(reason)) continue;
    problems.Error("Y130", "unscanned",
                   fmt::format("no action for '{}': content that cannot be inspected must not be "
                               "decided by accident (give one, or a 'default')",
                               Name(reason)));
  }
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(),
                                                             static_cast<int>(text.size()));
}

void CheckInto(const v1::Policy& policy, const std::vector<std::string>& detectors,
               Problems& problems) {
  if (policy.name().empty()) problems.Error("Y103", "name", "missing: the policy's name");
  CheckText(policy.name(), "name", problems);
  if (static_cast<size_t>(policy.rules_size()) > kPolicyRulesMax) {
    problems.Error("Y107", "rules", fmt::format("more than {} rules", kPolicyRulesMax));
    return;
  }
  for (int i = 0; i < policy.rules_size(); ++i) {
    CheckRule(policy.rules(i), fmt::format("rules[{}]", i), problems);
  }
  CheckExpressions(policy, detectors, problems);
  CheckOrder(policy, problems);
  CheckUnscanned(policy, problems);
  if (Name(policy.default_action()).empty()) {
    problems.Error("Y106", "default_action", "no known action (allow, report, warn, block)");
  }
  CheckUsb(policy.usb(), problems);
  CheckChannels(policy, problems);
  if (policy.spool_bytes_max() < kSpoolBytesMin || policy.spool_bytes_max() > kSpoolBytesMax) {
    problems.Error("Y107", "spool_bytes_max",
                   fmt::format("{} is outside {} to {} bytes", policy.spool_bytes_max(),
                               kSpoolBytesMin, kSpoolBytesMax));
  }
}

std::vector<v1::PackProblem> CheckPolicy(const v1::Policy& policy,
                                         const std::vector<std::string>& detectors) {
  Problems problems("");
  CheckInto(policy, detectors, problems);
  return problems.Take();
}

}  // namespace shoumi::rules
