#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "agent/channels/attachments/file_systems.h"
#include "agent/channels/attachments/judged_files.h"
#include "agent/channels/attachments/open_judge.h"
#include "agent/channels/attachments/openers.h"
#include "agent/channels/channel.h"

namespace shoumi::agent::attachments {

// Files that programs hold open without having been judged for them: opened before the watch began,
// handed over by another program, or changed since. They can no longer be denied; they are judged
// and reported. Not thread-safe.
class HeldFiles {
 public:
  static constexpr size_t kProcessesMax = 65'536;  // of one look
  static constexpr size_t kFilesMax = 4096;        // of one process

  HeldFiles(Openers& openers, EventSink& sink, JudgedFiles& judged)
      : openers_(openers), sink_(sink), judged_(judged) {}

  struct Places {
    std::function<bool(dev_t)> is_local;  // a watched file system of the kernel's own
    IsPlanted planted;
    // See Look(); the descriptor is O_PATH.
    std::function<void(const FileSystem&, const UniqueFd&)> foreign;
    std::function<void(dev_t)> seen;  // mounted for a watched program, and watched already
    std::function<void(const FileSystem&, const absl::Status&)> unreachable;
  };

  // Goes through the processes. Those it has not met are only asked about, and looked at the next
  // time. Of watched programs in mount namespaces of their own, the file systems that are not
  // mounted here are handed to `foreign`.
  void Look(const std::shared_ptr<const RulesInForce>& rules, const Places& places);

  [[nodiscard]] uint64_t found() const { return found_; }
  [[nodiscard]] uint64_t looks() const { return looks_; }

 private:
  void LookAt(const Opener& opener, const Places& places);
  void LookAtFile(const Opener& opener, const char* number, const Places& places);
  void LookAtMounts(const Opener& opener, const Places& places);

  Openers& openers_;
  EventSink& sink_;
  JudgedFiles& judged_;
  std::atomic<uint64_t> looks_{0};
  std::atomic<uint64_t> found_{0};  // handed on to be judged
};

}  // namespace shoumi::agent::attachments
