#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/channels/attachments/fanotify_group.h"
#include "agent/channels/attachments/file_version.h"
#include "agent/channels/channel.h"

namespace shoumi::agent::attachments {

struct CleanBounds {
  size_t offered_max = 4096;      // descriptors not yet looked at
  size_t backlog_max = 131'072;   // files that wait for their inspection; about 200 bytes each
  size_t known_max = 131'072;     // files whose result is remembered; about 120 bytes each
  size_t in_flight_max = 2;       // inspections at a time
  uint64_t bytes_max = 64 << 20;  // of a file that is inspected ahead
  std::chrono::milliseconds settled{100};      // since its last change
  std::chrono::milliseconds deadline{30'000};  // of one inspection
};

struct CleanCounters {
  std::atomic<uint64_t> system{0};     // ignored at first sight
  std::atomic<uint64_t> inspected{0};  // asked about
  std::atomic<uint64_t> clean{0};      // ignored after that
  std::atomic<uint64_t> again{0};      // ignored anew without
  std::atomic<uint64_t> changed{0};    // meanwhile, so not ignored
  std::atomic<uint64_t> dropped{0};    // bounds
};

// Takes files out of the events again: those of the system at first sight, users' files once they
// are known to be clean for everybody. A mark is taken back when the file is written to, and none
// is set while somebody could write to it. One thread; Thread-safe.
class CleanFiles {
 public:
  // `ahead`: whether users' files are inspected before a watched program opens them.
  CleanFiles(std::shared_ptr<FanotifyGroup> group, EventSink& sink, CleanBounds bounds, bool ahead);
  CleanFiles(const CleanFiles&) = delete;
  CleanFiles& operator=(const CleanFiles&) = delete;
  ~CleanFiles() { Stop(); }

  // A file that was opened. Never waits.
  void Offer(UniqueFd file);
  // An ignored file was open for writing, and no longer is. Never waits.
  void Written(UniqueFd file);
  // What was found so far no longer counts: another policy, or events were lost.
  void Reset();
  void Stop();

  [[nodiscard]] const CleanCounters& counters() const { return counters_; }

 private:
  enum class Found : uint8_t { kAsked, kClean, kNotClean };
  using Key = std::pair<dev_t, uint64_t>;
  struct Known {
    FileVersion version;
    Found found = Found::kAsked;
  };
  struct Answered {
    UniqueFd file;
    FileVersion version;
    uint64_t generation = 0;
    bool clean = false;
  };
  // What answers of events hold on to.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    uint64_t generation = 0;
    std::deque<UniqueFd> offered;
    std::vector<Answered> answered;
  };

  void Run();
  void LookAt(UniqueFd file);
  void InspectNext();
  void Inspect(UniqueFd file, const FilePlace& place);
  [[nodiscard]] std::string MountPoint(uint64_t mount_id);
  void Conclude(const Answered& answered);
  // Ignores the file if it still is what it was.
  [[nodiscard]] bool IgnoreUnchanged(int file, const FileVersion& version);
  void Remember(const FileVersion& version, Found found);

  const std::shared_ptr<FanotifyGroup> group_;
  EventSink& sink_;
  const CleanBounds bounds_;
  const bool ahead_;
  CleanCounters counters_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  // Of the thread alone.
  std::map<Key, Known> known_;
  std::deque<FilePlace> backlog_;
  std::map<uint64_t, std::string> mount_points_;
  std::chrono::steady_clock::time_point mounts_read_{};
  uint64_t generation_ = 0;
  size_t in_flight_ = 0;
  std::thread thread_;
};

}  // namespace shoumi::agent::attachments
