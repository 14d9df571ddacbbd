#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace shoumi::server {

struct IngestOptions {
  size_t queued_batches_max = 20'000;
  size_t queued_bytes_max = 256U << 20U;
  size_t commit_records_max = 5000;  // in one transaction
};

struct IngestCounters {
  std::atomic<uint64_t> batches = 0;
  std::atomic<uint64_t> commits = 0;
  std::atomic<uint64_t> incidents = 0;
  std::atomic<uint64_t> events = 0;
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> duplicates = 0;
  std::atomic<uint64_t> id_conflicts = 0;
  std::atomic<uint64_t> sequence_conflicts = 0;
  std::atomic<uint64_t> sequences_missing = 0;
  std::atomic<uint64_t> refused = 0;  // the queue was full
};

// Writes batches of all agents in the order in which they came, as many in one transaction as are
// waiting: one fsync then serves many agents. One thread of its own.
class RecordIngest {
 public:
  // Called once for each batch, from the ingest thread: OK when the batch is durable.
  using Done = std::function<void(const absl::Status&)>;

  RecordIngest(Store& store, const IngestOptions& options);  // `store` outlives the object
  ~RecordIngest();

  // ResourceExhausted when the queue is full, Unavailable after Stop; `done` is not called then.
  absl::Status Submit(RecordBatchRows batch, Done done);

  // Writes what is queued, then ends the thread. Further batches are refused.
  void Stop();

  [[nodiscard]] const IngestCounters& counters() const { return counters_; }

 private:
  struct Waiting {
    RecordBatchRows batch;
    Done done;
    size_t bytes = 0;
  };

  void Run();
  std::vector<Waiting> Take();
  void Commit(std::vector<Waiting>& taken);
  void Count(const RecordBatchRows& batch, const BatchOutcome& outcome);

  Store& store_;
  const IngestOptions options_;
  IngestCounters counters_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Waiting> queue_;
  size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoumi::server
