#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace shoumi::agent {

// What one user has let pass of one detector: keyed hashes of values, each with the minute in which
// it passed last. Keys that come in are ascending, without doubles. Not thread-safe.
class Series {
 public:
  struct Value {
    uint64_t key = 0;
    uint32_t minute = 0;
  };

  // Values that are there already get the later time. Beyond `values_max` the oldest go; returns
  // how many did.
  size_t Add(std::span<const uint64_t> keys, uint32_t minute, size_t values_max);
  // For values with times of their own; ascending by key.
  void Restore(std::vector<Value> values) { values_ = std::move(values); }
  // How many passed in the minute `since` or later and are not in `besides`.
  [[nodiscard]] uint64_t CountBesides(std::span<const uint64_t> besides, uint32_t since) const;
  [[nodiscard]] bool Has(uint64_t key, uint32_t since) const;
  // Drops those before `minute`; returns how many.
  size_t DropBefore(uint32_t minute);
  // Likewise, and of that minute `more` at most, which is counted down.
  size_t DropBefore(uint32_t minute, size_t& more);

  [[nodiscard]] const std::vector<Value>& values() const { return values_; }

 private:
  std::vector<Value> values_;  // ascending by key
};

}  // namespace shoumi::agent
