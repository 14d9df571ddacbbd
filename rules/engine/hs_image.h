#pragma once

#include <hs/hs.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::rules {

// A compiled Hyperscan database in pages of its own that nobody can write, so that forked workers
// share them for as long as they live. Immutable, thread-safe.
class HsImage {
 public:
  // Takes ownership of `database`, which hs_compile made, whatever the result.
  static absl::StatusOr<std::unique_ptr<HsImage>> Seal(hs_database_t* database);
  ~HsImage();
  HsImage(const HsImage&) = delete;
  HsImage& operator=(const HsImage&) = delete;

  [[nodiscard]] const hs_database_t* get() const { return database_; }
  [[nodiscard]] size_t size_bytes() const { return size_; }

 private:
  HsImage(void* pages, size_t size);

  void* pages_;
  size_t size_;
  const hs_database_t* database_;
};

// Scratch space for one thread. Grows to fit each database it is prepared for.
class HsScratch {
 public:
  HsScratch() = default;
  ~HsScratch();
  HsScratch(const HsScratch&) = delete;
  HsScratch& operator=(const HsScratch&) = delete;

  absl::Status Fit(const HsImage& image);
  [[nodiscard]] hs_scratch_t* get() const { return scratch_; }

 private:
  hs_scratch_t* scratch_ = nullptr;
};

struct HsExpression {
  std::string regex;
  unsigned flags = 0;
};

// Compiles expressions together, block mode; ids are positions in the list.
absl::StatusOr<std::unique_ptr<HsImage>> CompileExpressions(
    const std::vector<HsExpression>& expressions);

// `text` as an expression that matches exactly these bytes.
std::string LiteralExpression(std::string_view text);

}  // namespace shoumi::rules
