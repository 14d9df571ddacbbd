#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"

// Policy YAML → proto, with every problem at once. The format is documented in docs/POLICY.md.
// Own folder below rules/, beside the engine: server, CLI and agent check policies without linking
// Hyperscan. Pure functions, thread-safe, never throw.
namespace shoumi::rules {

// Bounds; beyond them a policy is refused with Y107 or Y114.
inline constexpr size_t kPolicyYamlBytesMax = 1 << 20;
inline constexpr size_t kPolicyRulesMax = 1000;
inline constexpr size_t kPolicyListItemsMax = 1000;
inline constexpr size_t kPolicyTextBytesMax = 512;
inline constexpr size_t kExpressionDepthMax = 16;
inline constexpr size_t kExpressionNodesMax = 10'000;  // of a whole policy
inline constexpr uint64_t kSpoolBytesMin = 1 << 20;
inline constexpr uint64_t kSpoolBytesMax = 16ULL << 30;
inline constexpr uint32_t kVerdictMsMin = 100;
inline constexpr uint32_t kVerdictMsMax = 120'000;

inline constexpr uint32_t kWithinMinutesMax = 31 * 24 * 60;
// Of `min_distinct` beside `within`: so many values of one user and detector are remembered.
inline constexpr uint32_t kDistinctWithinMax = 1024;

inline constexpr uint32_t kWarnSecondsMin = 5;
inline constexpr uint32_t kWarnSecondsMax = 3600;

// Of `verdict_ms_max`, `clipboard.warn_s` and `spool_bytes_max` where a policy does not say.
inline constexpr uint32_t kVerdictMsDefault = 10'000;
inline constexpr uint32_t kWarnSecondsDefault = 60;
inline constexpr uint64_t kSpoolBytesDefault = 64ULL << 20;

struct PolicyResult {
  bool ok = false;                        // no problem is an error
  v1::Policy policy;                      // meaningful when ok
  std::vector<v1::PackProblem> problems;  // in order of line; codes "Y…"
};

// `detectors` are the ids the packs define; a rule that names another is an error. `file` is what
// problems name.
PolicyResult LoadPolicy(std::string_view file, std::string_view yaml,
                        const std::vector<std::string>& detectors);

// The checks of LoadPolicy that do not need YAML, for a policy that arrives as proto. Problems have
// no line; their messages name the place ("rules[3].when").
std::vector<v1::PackProblem> CheckPolicy(const v1::Policy& policy,
                                         const std::vector<std::string>& detectors);

[[nodiscard]] bool HasError(const std::vector<v1::PackProblem>& problems);
// "file:line: error Y112: text", for people.
std::string FormatProblem(const v1::PackProblem& problem);

// Every reason a policy has to answer for, in order of their numbers.
const std::vector<v1::UnscannedReason>& UnscannedReasons();
// Names as policies and verdicts write them: "too_deep", "block", "high", "usb", "read_only",
// "top_secret". Empty for a value this build does not know.
std::string_view Name(v1::UnscannedReason reason);
std::string_view Name(v1::Action action);
std::string_view Name(v1::Severity severity);
std::string_view Name(v1::Channel channel);
std::string_view Name(v1::UsbMode mode);
std::string_view Name(v1::ChannelMode mode);
std::string_view Name(v1::Level level);

// What a condition on programs says: an id of an app, or a class of apps. Empty in both when it is
// neither.
struct ProgramName {
  std::string_view app;
  std::string_view app_class;
};
ProgramName ReadProgramName(std::string_view text);

// "30m", "8h", "7d": in the largest unit that is exact.
std::string DurationName(uint32_t minutes);

// Every condition of the policy that counts over time, wherever in a rule it stands.
std::vector<const v1::DetectorCondition*> ConditionsOverTime(const v1::Policy& policy);

// True when `id` is the detector that `pattern` names, or lies below its prefix ("cn.*", "*").
[[nodiscard]] bool DetectorMatches(std::string_view pattern, std::string_view id);

}  // namespace shoumi::rules
