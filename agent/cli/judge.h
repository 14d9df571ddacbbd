#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "shoumi/v1/event.pb.h"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"
#include "shoumi/v1/verdict.pb.h"

namespace shoumi::cli {

// The ways out that a policy can judge.
std::vector<std::string> ChannelNames();
// Unspecified for any other word.
v1::Channel ChannelOf(std::string_view name);

// What a policy would say if the calling user sent a file out by a channel, now.
class Judge {
 public:
  // `channel` is one of ChannelNames(). InvalidArgument: one line a problem of the policy.
  static absl::StatusOr<Judge> Load(const std::string& policy_file, const std::string& channel,
                                    const std::vector<std::string>& detectors);
  [[nodiscard]] v1::Verdict Verdict(const std::string& path, const v1::InspectReport& report) const;

 private:
  v1::Policy policy_;
  v1::EventContext context_;
};

}  // namespace shoumi::cli
