#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "server/indexes/delta.h"
#include "server/indexes/index_shelf.h"

namespace shoumi::server {

struct DeltaOptions {
  uint64_t blob_bytes_max = 512ULL << 20;  // both blobs together: in memory while a delta is made
  uint64_t cache_bytes_max = 64ULL << 20;  // of deltas that are kept
  size_t deltas_max = 64;                  // that are kept, also those that came to nothing
  size_t queue_max = 16;                   // that wait to be made
  size_t waiting_max = 20'000;             // who wait for them
  std::chrono::milliseconds make_ms_max{15'000};
};

// What agents fetch, and how.
struct BlobCounters {
  std::atomic<uint64_t> bytes_sent = 0;    // as data
  std::atomic<uint64_t> bytes_copied = 0;  // of what agents had
  std::atomic<uint64_t> deltas_made = 0;
  std::atomic<uint64_t> deltas_refused = 0;  // beyond a bound: the whole was sent
};

// Deltas between versions of indexes: each made once, by a thread of its own, for all who ask, and
// kept as long as there is room. Thread-safe.
class DeltaShelf {
 public:
  // Null: the whole is to be sent.
  using Answer = std::function<void(std::shared_ptr<const Delta>)>;

  // `shelf` and `clock` outlive the object.
  DeltaShelf(const DeltaOptions& options, IndexShelf& shelf, const Clock& clock);
  ~DeltaShelf();

  // How `blob` is made from `base`. Blocks for the store; answers at once, or later on the thread
  // that makes deltas, where it may not block. Exactly once, within make_ms_max of the delta's
  // turn.
  void Ask(std::string_view base, std::string_view blob, Answer answer);
  // Whoever waits gets no delta: a server that stops waits for nobody's.
  void AnswerAll();

  [[nodiscard]] BlobCounters& counters() { return counters_; }
  [[nodiscard]] const BlobCounters& counters() const { return counters_; }

 private:
  using Pair = std::pair<std::string, std::string>;  // base, blob
  struct Entry {
    bool ready = false;
    std::shared_ptr<const Delta> delta;
    std::vector<Answer> waiting;
    uint64_t asked = 0;  // for the last time, as a count
  };

  // Where the answer is known or under way; false when neither.
  bool Join(const Pair& pair, Answer& answer);
  void Run();
  std::shared_ptr<const Delta> Make(const Pair& pair);
  std::vector<Answer> Keep(const Pair& pair, const std::shared_ptr<const Delta>& delta);
  void MakeRoom();

  const DeltaOptions options_;
  IndexShelf& shelf_;
  const Clock& clock_;
  BlobCounters counters_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<Pair, Entry> entries_;
  std::deque<Pair> queue_;
  size_t waiting_ = 0;
  uint64_t asked_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace shoumi::server
