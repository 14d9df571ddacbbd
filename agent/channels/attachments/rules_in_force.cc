#include "agent/channels/attachments/rules_in_force.h"

#include <algorithm>

namespace shoumi::agent::attachments {

RulesInForce::RulesInForce(const v1::Policy& policy, apps::Homes& homes)
    : catalogue(policy.apps(), homes),
      mode(policy.attachments().mode()),
      classes(policy.attachments().classes().begin(), policy.attachments().classes().end()) {
  if (policy.attachments().verdict_ms_max() > 0) {
    verdict_ms_max = std::chrono::milliseconds(policy.attachments().verdict_ms_max());
  }
  for (const v1::UnscannedFallback& fallback : policy.unscanned()) {
    const bool stops =
        fallback.action() != v1::ACTION_ALLOW && fallback.action() != v1::ACTION_REPORT;
    if (!stops) passing.insert(fallback.reason());
  }
}

bool RulesInForce::IsWatched(const v1::App* app) const {
  return app != nullptr &&
         std::any_of(app->classes().begin(), app->classes().end(),
                     [this](const std::string& name) { return classes.contains(name); });
}

const v1::App* RulesInForce::WatchedOwnerOf(const std::string& path, uid_t user) const {
  return catalogue.OwnerOf(path, user, [this](const v1::App& app) { return IsWatched(&app); });
}

bool RulesInForce::Passes(v1::UnscannedReason reason) const {
  return report_only() || passing.contains(reason);
}

}  // namespace shoumi::agent::attachments
