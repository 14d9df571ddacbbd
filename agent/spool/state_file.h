#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/spool/files.h"
#include "shoumi/v1/local.pb.h"

namespace shoumi::agent {

// The spool's cursor and its overflow counts, in a file whose room is taken at the first start and
// then overwritten in place: it can be written on a full disk. Two slots are written in turn, so a
// torn write leaves the other. Not thread-safe.
class StateFile {
 public:
  static constexpr size_t kSlotBytes = 16 * 1024;

  StateFile(SpoolFiles& files, std::string_view key) : files_(files), key_(key) {}

  // NotFound when there is none; DataLoss when neither slot can be read.
  absl::StatusOr<v1::SpoolState> Load();
  // Durable when OK. Sets the generation.
  absl::Status Store(v1::SpoolState& state);
  absl::Status Create();

 private:
  SpoolFiles& files_;
  const std::string key_;
  uint64_t generation_ = 0;
};

}  // namespace shoumi::agent
