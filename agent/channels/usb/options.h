#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoumi::agent::usb {

struct UsbOptions {
  // Root only (0700). Holds unnamed files, so that a killed agent leaves nothing behind.
  std::string staging_folder = "/var/lib/shoumi/staging";

  // fnmatch(3) patterns of device nodes guarded although they are not removable: "/dev/loop7".
  std::vector<std::string> extra_devices;
  // Identity of an extra device that has none of its own.
  std::string extra_vendor_id = "0000";
  std::string extra_product_id = "0000";
  std::string extra_serial = "none";

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
