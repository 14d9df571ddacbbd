#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoumi::agent::usb {

// A device that is guarded although it is not removable, with the identity of one that has none.
struct ExtraDevice {
  std::string node;          // fnmatch(3) pattern: "/dev/loop7"
  std::string backing_file;  // of a loop device; empty: any
  std::string vendor_id = "0000";
  std::string product_id = "0000";
  std::string serial = "none";
};

struct UsbOptions {
  // Root only (0700). Holds unnamed files, so that a killed agent leaves nothing behind.
  std::string staging_folder = "/var/lib/shoumi/staging";

  // Which nodes are set read-only now, for the next start after a kill.
  std::string protected_nodes_file = "/var/lib/shoumi/protected-nodes";

  std::vector<ExtraDevice> extra_devices;

  uint64_t stage_memory_bytes_per_file_max = 1 << 20;  // beyond: an unnamed file on disk
  uint64_t stage_memory_bytes_max = 64 << 20;          // of all files of one device
  uint32_t verdict_ms_max = 10'000;                    // where the policy names no deadline
  uint32_t answer_grace_ms_max = 5'000;   // past its deadline an event without answer is refused
  uint32_t stop_ms_max = 5'000;           // for what is under way when the guard ends
  uint32_t refusals_per_second_max = 20;  // records of refusals by device mode; others counted
  uint32_t commit_threads = 4;
  uint32_t fuse_threads_max = 12;
  bool fence = true;  // fanotify on the lower file system and the device node
};

}  // namespace shoumi::agent::usb
