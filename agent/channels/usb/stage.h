#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "common/fd.h"

namespace shoumi::agent::usb {

// Where stages live and how much memory they may take together. Thread-safe.
class StageStore {
 public:
  // `folder` must exist, root only.
  StageStore(std::string folder, uint64_t memory_bytes_per_file_max, uint64_t memory_bytes_max);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] uint64_t memory_bytes() const { return memory_bytes_; }
  // Whether a stage that grows from `held` to `wanted` bytes may stay in memory; counts it if so.
  [[nodiscard]] bool GrowMemory(uint64_t held, uint64_t wanted);
  void ReleaseMemory(uint64_t held);

 private:
  const std::string folder_;
  const uint64_t memory_bytes_per_file_max_;
  const uint64_t memory_bytes_max_;
  std::atomic<uint64_t> memory_bytes_{0};
};

// An unnamed scratch file, in memory while small, else on disk. Not thread-safe.
class Stage {
 public:
  explicit Stage(std::shared_ptr<StageStore> store) : store_(std::move(store)) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  // Makes room for content of `bytes` in all. 0 or an errno value.
  [[nodiscard]] int Prepare(uint64_t bytes);
  // Valid after a Prepare(); may change with the next one.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool in_memory() const { return in_memory_; }
  // A read-only descriptor with its own offset.
  [[nodiscard]] UniqueFd OpenForReading() const;

 private:
  [[nodiscard]] int MoveToDisk();

  std::shared_ptr<StageStore> store_;
  UniqueFd fd_;
  bool in_memory_ = false;
  uint64_t memory_bytes_ = 0;
};

}  // namespace shoumi::agent::usb
