#pragma once

#include <cstdint>
#include <map>
#include <mutex>

namespace shoumi::agent::usb {

// Room on the device that is promised to content on its way there, so that a write that will not
// fit is told at once. Thread-safe.
class Room {
 public:
  // `root`: O_PATH of the file system's root; stays open at the caller.
  explicit Room(int root) : root_(root) {}

  // Promises `bytes` more; false when the device has no room for them.
  [[nodiscard]] bool Promise(uint64_t bytes);
  // A promise of `before` bytes is one of `after` now, whatever the device has.
  void Change(uint64_t before, uint64_t after);
  // Between the two, `lower` takes the `promised` bytes, and they count once: as promised or as
  // taken. `kept`: the promise is over.
  void BeginTaking(int lower, uint64_t promised);
  void EndTaking(int lower, bool kept);

  // Promised and not taken yet.
  [[nodiscard]] uint64_t outstanding_bytes() const;

 private:
  struct Taking {
    uint64_t promised;
    uint64_t had;
  };
  [[nodiscard]] uint64_t OutstandingLocked() const;

  const int root_;
  mutable std::mutex mutex_;
  uint64_t promised_ = 0;
  std::map<int, Taking> taking_;  // by descriptor
};

}  // namespace shoumi::agent::usb
