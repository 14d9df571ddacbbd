#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::session {

// Answers of the judge on their way to the guard's thread. Thread-safe; outlives the guard as long
// as the judge holds it.
class AnswerBox {
 public:
  static absl::StatusOr<std::shared_ptr<AnswerBox>> Make();
  void Put(uint64_t id, bool pass);
  std::vector<std::pair<uint64_t, bool>> Take();
  // Wakes the guard for another reason.
  void Wake();
  [[nodiscard]] int fd() const { return wake_.get(); }  // readable when something happened

 private:
  explicit AnswerBox(UniqueFd wake) : wake_(std::move(wake)) {}
  const UniqueFd wake_;
  std::mutex mutex_;
  std::vector<std::pair<uint64_t, bool>> answers_;
};

}  // namespace shoumi::session
