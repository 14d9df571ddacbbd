#pragma once

#include <cstdint>
#include <map>

namespace shoumi::agent::usb {

// A set of byte ranges, kept disjoint and merged. Ranges are half-open: [start, end).
class Extents {
 public:
  struct Range {
    uint64_t start;
    uint64_t end;
  };

  void Add(uint64_t start, uint64_t end);
  void Remove(uint64_t start, uint64_t end);
  void Clear();

  // The part of the set that begins at or spans `position`: its start is `position` when that is
  // inside. An empty range at `limit` when there is none before `limit`.
  [[nodiscard]] Range Next(uint64_t position, uint64_t limit) const;
  // Bytes of [start, end) that are in the set.
  [[nodiscard]] uint64_t Covered(uint64_t start, uint64_t end) const;
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  std::map<uint64_t, uint64_t> ranges_;  // start → end
  uint64_t bytes_ = 0;
};

}  // namespace shoumi::agent::usb
