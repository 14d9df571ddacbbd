#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/spool/files.h"

// For tests: a disk in memory that loses power between any two operations, tears what was not
// synced, and fills up.
namespace shoumi::agent {

class FaultDisk {
 public:
  // Everything fails after this many more operations, as for a process that was killed.
  void KillAfter(uint64_t operations) {
    const std::lock_guard lock(mutex_);
    operations_left_ = operations;
  }
  void SetCapacity(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes;
  }
  void FailSyncs(bool fail) {
    const std::lock_guard lock(mutex_);
    fail_syncs_ = fail;
  }
  // What a next start finds: what was synced, and of the rest a random part in order, the last
  // write of it torn anywhere.
  void Restart(std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    operations_left_ = UINT64_MAX;
    fail_syncs_ = false;
    for (auto& [name, file] : files_) {
      std::string content = file.durable;
      const size_t whole = random() % (file.unsynced.size() + 1);
      for (size_t i = 0; i < file.unsynced.size() && i <= whole; ++i) {
        auto [offset, bytes] = file.unsynced[i];
        if (i == whole) bytes.resize(random() % (bytes.size() + 1));
        Put(content, offset, bytes);
      }
      file = {content, content, {}};
    }
  }
  std::string* Content(const std::string& name) {
    const auto found = files_.find(name);
    if (found == files_.end()) return nullptr;
    found->second.unsynced.clear();
    found->second.durable = found->second.content;
    return &found->second.content;
  }
  // Makes a direct edit of Content() what the disk holds.
  void Settle() {
    for (auto& [name, file] : files_) file.durable = file.content;
  }
  std::vector<std::string> Names() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) names.push_back(name);
    return names;
  }

 private:
  friend class FaultFiles;
  struct File {
    std::string content;
    std::string durable;
    std::vector<std::pair<uint64_t, std::string>> unsynced;
  };
  static void Put(std::string& content, uint64_t offset, std::string_view bytes) {
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
    content.replace(offset, bytes.size(), bytes);
  }
  bool Spend() {
    if (operations_left_ == 0) return false;
    if (operations_left_ != UINT64_MAX) --operations_left_;
    return true;
  }
  uint64_t Used() const {
    uint64_t used = 0;
    for (const auto& [name, file] : files_) used += file.content.size();
    return used;
  }

  std::mutex mutex_;
  std::map<std::string, File> files_;
  uint64_t operations_left_ = UINT64_MAX;
  uint64_t capacity_ = UINT64_MAX;
  bool fail_syncs_ = false;
};

class FaultFiles final : public SpoolFiles {
 public:
  explicit FaultFiles(FaultDisk& disk) : disk_(disk) {}

  absl::StatusOr<std::vector<std::string>> List() override { return disk_.Names(); }
  absl::StatusOr<uint64_t> Size(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex_);
    const auto found = disk_.files_.find(name);
    if (found == disk_.files_.end()) return absl::NotFoundError(name);
    return found->second.content.size();
  }
  absl::StatusOr<std::string> ReadAt(const std::string& name, uint64_t offset,
                                     size_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    const auto found = disk_.files_.find(name);
    if (found == disk_.files_.end()) return absl::NotFoundError(name);
    const std::string& content = found->second.content;
    return offset >= content.size() ? std::string() : content.substr(offset, size);
  }
  absl::Status Create(const std::string& name, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.Spend()) return Killed();
    if (disk_.Used() + bytes.size() > disk_.capacity_) return Full();
    disk_.files_[name] = {std::string(bytes), std::string(bytes), {}};
    return absl::OkStatus();
  }
  absl::Status WriteAt(const std::string& name, uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    const bool alive = disk_.Spend();
    FaultDisk::File& file = disk_.files_[name];
    // A process that is killed inside write(2) leaves a part.
    if (!alive) {
      if (!std::exchange(torn_, true)) file.unsynced.emplace_back(offset, bytes);
      return Killed();
    }
    const uint64_t end = std::max<uint64_t>(file.content.size(), offset + bytes.size());
    const uint64_t more = end - file.content.size();
    const uint64_t used = disk_.Used();
    const bool full = more > 0 && used + more > disk_.capacity_;
    if (full) bytes = bytes.substr(0, disk_.capacity_ > used ? disk_.capacity_ - used : 0);
    FaultDisk::Put(file.content, offset, bytes);
    file.unsynced.emplace_back(offset, bytes);
    return full ? Full() : absl::OkStatus();
  }
  absl::Status Sync(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.Spend()) return Killed();
    if (disk_.fail_syncs_) return absl::InternalError("input/output error");
    FaultDisk::File& file = disk_.files_[name];
    file.durable = file.content;
    file.unsynced.clear();
    return absl::OkStatus();
  }
  absl::Status Truncate(const std::string& name, uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.Spend()) return Killed();
    FaultDisk::File& file = disk_.files_[name];
    file.content.resize(size);
    file.durable = file.content;
    file.unsynced.clear();
    return absl::OkStatus();
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.Spend()) return Killed();
    disk_.files_[to] = disk_.files_[from];
    disk_.files_.erase(from);
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.Spend()) return Killed();
    disk_.files_.erase(name);
    return absl::OkStatus();
  }

 private:
  static absl::Status Killed() { return absl::UnavailableError("killed"); }
  static absl::Status Full() { return absl::ResourceExhaustedError("no space left on device"); }
  FaultDisk& disk_;
  bool torn_ = false;
};

}  // namespace shoumi::agent
