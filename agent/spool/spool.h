#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/spool/files.h"
#include "agent/spool/segments.h"
#include "agent/spool/state_file.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/local.pb.h"

namespace shoumi::agent {

struct SpoolOptions {
  uint64_t bytes_max = 64ULL << 20;  // of all segments; the policy says
  uint64_t segment_bytes_max = 1ULL << 20;
  uint32_t record_bytes_max = 1 << 20;
  uint32_t queue_records_max = 1024;  // handed in and not yet written
  uint64_t queue_bytes_max = 16ULL << 20;
  uint32_t overflow_rules_max = 64;  // counted by name; the rest as "other"
};

// Incidents and agent events, durable, encrypted and in order until the server has them. One writer
// thread joins what waits into one write and one sync. Records that do not fit are counted by rule;
// the counts are durable too, in room taken at the first start, and become one record
// (AgentEvent SPOOL_FULL) as soon as there is room. Thread-safe.
class Spool {
 public:
  using Done = std::function<void(absl::Status)>;

  struct Stats {
    uint64_t last = 0;  // sequence of the youngest durable record
    uint64_t acknowledged = 0;
    uint64_t records = 0;  // durable and not acknowledged
    uint64_t bytes = 0;
    uint64_t refused = 0;   // counted and not kept, since installation
    uint64_t failures = 0;  // writes or syncs the disk refused, since start
    uint64_t unreadable = 0;
  };

  // Recovers what is there. `key` is 32 bytes.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(std::unique_ptr<SpoolFiles> files,
                                                     std::string_view key, SpoolOptions options);
  // Folder and key file (0600) are made at the first start.
  static absl::StatusOr<std::unique_ptr<Spool>> OpenFolder(const std::string& folder,
                                                           SpoolOptions options);
  // Writes what was handed in.
  ~Spool();

  // `done`, on the writer's thread, once: OK when the record is durable; ResourceExhausted when it
  // was counted instead of kept; anything else when not even that could be written. The sequence
  // is the spool's. Never blocks.
  void Append(v1::SpoolRecord record, Done done);

  // The server has everything up to and with `sequence`. Never blocks.
  void Acknowledge(uint64_t sequence);

  // Durable records after `sequence`, in order. Blocks for the disk.
  absl::StatusOr<std::vector<v1::SpoolRecord>> Read(uint64_t sequence, size_t records_max,
                                                    uint64_t bytes_max);
  // Waits until there is a record after `sequence`; false when `wait` ended first.
  bool WaitPast(uint64_t sequence, std::chrono::milliseconds wait);

  void SetBytesMax(uint64_t bytes_max);
  [[nodiscard]] Stats stats() const;
  // What recovery found unreadable, for an AgentEvent.
  [[nodiscard]] const std::vector<std::string>& damages() const { return damages_; }

 private:
  struct Pending {
    v1::SpoolRecord record;
    Done done;
    uint64_t bytes = 0;
    absl::Status status;
    bool kept = true;  // false: only to be counted
  };

  Spool(std::unique_ptr<SpoolFiles> files, std::string_view key, SpoolOptions options);
  absl::Status Recover();
  absl::Status ForgetWrittenOverflow();
  void Run();
  void Write(std::deque<Pending>& batch, uint64_t bytes_max);
  void Refuse(Pending& pending, std::string_view cause);
  void FlushOverflow(uint64_t bytes_max);
  void ApplyAcknowledgement(uint64_t sequence);
  void Publish();

  const SpoolOptions options_;
  const std::unique_ptr<SpoolFiles> files_;
  std::vector<std::string> damages_;

  // Taken by the writer and by Read; held over disk operations. Before mutex_ where both are.
  std::mutex disk_mutex_;
  Segments segments_;
  StateFile state_file_;
  v1::SpoolState state_;
  uint64_t failures_ = 0;
  const std::string key_;

  mutable std::mutex mutex_;  // never held over disk operations
  std::condition_variable work_;
  std::condition_variable grown_;
  std::deque<Pending> queue_;
  uint64_t queue_bytes_ = 0;
  uint64_t queue_kept_ = 0;
  uint64_t bytes_max_;
  uint64_t acknowledgement_ = 0;  // asked for
  bool closing_ = false;
  bool overflow_waits_ = false;
  Stats stats_;

  std::thread writer_;
};

}  // namespace shoumi::agent
