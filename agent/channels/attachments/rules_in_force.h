#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "agent/channels/apps/app_catalogue.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent::attachments {

inline constexpr uint32_t kVerdictMsDefault = 10'000;  // where a policy does not say

// What a policy says to this channel. Immutable, shared by all that is judged under it.
struct RulesInForce {
  RulesInForce(const v1::Policy& policy, apps::Homes& homes);

  [[nodiscard]] bool IsWatched(const v1::App* app) const;
  // The watched app that opens `path` for itself, else null.
  [[nodiscard]] const v1::App* WatchedOwnerOf(const std::string& path, uid_t user) const;
  // For what cannot be inspected for `reason`; stops what the policy does not say.
  [[nodiscard]] bool Passes(v1::UnscannedReason reason) const;

  apps::AppCatalogue catalogue;
  v1::ChannelMode mode = v1::CHANNEL_MODE_UNSPECIFIED;
  std::set<std::string, std::less<>> classes;
  std::chrono::milliseconds verdict_ms_max{kVerdictMsDefault};
  std::set<int> passing;  // unscanned reasons

  // Whether opens are looked at at all.
  [[nodiscard]] bool active() const {
    return mode == v1::CHANNEL_MODE_INSPECT || mode == v1::CHANNEL_MODE_REPORT_ONLY;
  }
  [[nodiscard]] bool report_only() const { return mode == v1::CHANNEL_MODE_REPORT_ONLY; }
};

}  // namespace shoumi::agent::attachments
