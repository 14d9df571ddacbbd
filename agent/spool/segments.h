#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/spool/files.h"
#include "shoumi/v1/incident.pb.h"

namespace shoumi::agent {

// Records in append-only files "<first sequence>.seg". Sequences ascend by one over all segments.
// Not thread-safe; the spool locks. Frames are encoded outside, so that sealing holds no lock.
class Segments {
 public:
  Segments(SpoolFiles& files, std::string_view key, uint64_t segment_bytes_max)
      : files_(files), key_(key), segment_bytes_max_(segment_bytes_max) {}

  struct Recovered {
    uint64_t torn_bytes = 0;           // dropped from the end of the last segment
    std::vector<std::string> damages;  // records that had been kept and cannot be read
  };
  // Reads every segment and cuts torn tails. `acknowledged` is the durable cursor.
  absl::StatusOr<Recovered> Recover(uint64_t acknowledged);

  // Durable when OK; when not, nothing of it will ever be read back by this process.
  absl::Status Append(std::string_view frames, uint64_t first, uint64_t last);

  // Removes whole segments up to and with `sequence`.
  absl::Status Drop(uint64_t sequence);

  // Records after `sequence`, in order, at least one when there is one. A record that has become
  // unreadable is left out and counted in `unreadable`.
  absl::StatusOr<std::vector<v1::SpoolRecord>> Read(uint64_t sequence, size_t records_max,
                                                    uint64_t bytes_max);

  [[nodiscard]] uint64_t CountAfter(uint64_t sequence) const;
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] uint64_t last() const { return last_; }
  [[nodiscard]] uint64_t unreadable() const { return unreadable_; }
  // Sequences go on after `sequence`.
  void SkipTo(uint64_t sequence) { last_ = std::max(last_, sequence); }

 private:
  struct Segment {
    std::string name;
    uint64_t first = 0;
    uint64_t last = 0;  // first - 1 when empty
    uint64_t bytes = 0;
  };
  struct Position {
    uint64_t sequence = 0;  // the record before `offset`
    std::string name;
    uint64_t offset = 0;
  };
  absl::Status RecoverOne(const std::string& name, bool is_last, Recovered& recovered);
  absl::StatusOr<size_t> OffsetAfter(const Segment& segment, uint64_t sequence) const;
  absl::Status Repair();

  SpoolFiles& files_;
  const std::string key_;
  const uint64_t segment_bytes_max_;
  std::deque<Segment> segments_;
  uint64_t bytes_ = 0;
  uint64_t last_ = 0;
  uint64_t unreadable_ = 0;
  bool dirty_ = false;  // the last segment may hold bytes past its good length
  Position position_;   // where the last Read ended
};

}  // namespace shoumi::agent
