#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace shoumi::inspect {

// The RTF of a message body as [MS-OXRTFCP] packs it. `complete` is false when it ends early: what
// came before is returned. DataLoss when it is none, ResourceExhausted beyond `bytes_max`.
struct UnpackedRtf {
  std::string text;
  bool complete = true;
};
absl::StatusOr<UnpackedRtf> UnpackRtf(std::string_view bytes, uint64_t bytes_max);

}  // namespace shoumi::inspect
