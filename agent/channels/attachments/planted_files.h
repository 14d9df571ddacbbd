#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/channels/attachments/file_systems.h"
#include "agent/channels/attachments/file_version.h"
#include "agent/channels/attachments/openers.h"
#include "common/fd.h"

namespace shoumi::agent::attachments {

// Files in a program's own folders that another program put there: made, written, linked or moved
// in. They are judged like any other. Known since Start() only. Thread-safe.
class PlantedFiles {
 public:
  static constexpr size_t kFilesMax = 16'384;  // beyond: the whole of what is known is forgotten
  static constexpr size_t kFoldersMax = 256;   // moved in whole; likewise

  using Rules = std::function<std::shared_ptr<const RulesInForce>()>;

  static absl::StatusOr<std::unique_ptr<PlantedFiles>> Start(Openers& openers, Rules rules);
  PlantedFiles(const PlantedFiles&) = delete;
  PlantedFiles& operator=(const PlantedFiles&) = delete;
  ~PlantedFiles() { Stop(); }

  // Fails for file systems that cannot say which file changed.
  absl::Status Add(const FileSystem& system, int mount);
  void Remove(const FileSystem& system);

  // Everything that happened before this call counts: it takes in what the kernel has to say.
  [[nodiscard]] bool Has(const FileVersion& version, const std::string& path);
  void Stop();

  // Changes that did not fit the kernel's queue, or that a bound made forget.
  [[nodiscard]] uint64_t lost() const { return lost_; }

 private:
  using Name = std::array<int, 2>;  // of a file system, as fanotify and statfs(2) say it
  PlantedFiles(UniqueFd group, UniqueFd stop, Openers& openers, Rules rules);
  void Run();
  void ReadAll();
  // One event: who changed `name` in the folder that `record` names.
  void Take(pid_t pid, uint64_t mask, const void* record);
  void Changed(pid_t pid, bool whole_folder, const UniqueFd& folder, const std::string& name);
  [[nodiscard]] bool IsByItself(pid_t pid, const v1::App& app) const;

  const UniqueFd group_;
  const UniqueFd stop_;
  Openers& openers_;
  const Rules rules_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> lost_{0};

  std::mutex mutex_;  // all below, and reading
  std::map<Name, FileSystem> systems_;
  std::set<std::pair<dev_t, uint64_t>> files_;
  std::set<std::string> folders_;
  std::thread thread_;
};

}  // namespace shoumi::agent::attachments
