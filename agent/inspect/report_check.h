#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "shoumi/v1/inspect.pb.h"

// A worker has parsed hostile bytes, so what it says is held to what a sound worker can say.
namespace shoumi::inspect {

inline constexpr int kFindingsMax = 1'000;
inline constexpr int kMatchesMax = 1'000;    // of one finding
inline constexpr int kColumnsMax = 16;       // of a match
inline constexpr int kValueKeysMax = 1'024;  // of one finding
inline constexpr int kUnscannedMax = 1'000;
inline constexpr int kRejectedMax = 10'000;
inline constexpr size_t kMaskedBytesMax = 1'024;
inline constexpr size_t kPartBytesMax = 4'096;
inline constexpr size_t kTextBytesMax = 256;  // rule ids, details, terms, media types

// Sizes, counts, enum ranges, known rules. UTF-8 has been checked by parsing. InvalidArgument names
// the first field that is wrong, never its content.
absl::Status CheckReport(const v1::InspectReport& report, uint64_t id,
                         const std::set<std::string>& detectors);

}  // namespace shoumi::inspect
