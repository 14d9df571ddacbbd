#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent {

struct ExtraDevice {
  std::string node;          // fnmatch(3) pattern of the device node
  std::string backing_file;  // of a loop device; empty: any
  std::string vendor_id = "0000";
  std::string product_id = "0000";
  std::string serial = "none";
};

// /etc/shoumi/agent.yaml. Every key is optional; unknown ones are errors.
struct AgentConfig {
  std::string state_dir = "/var/lib/shoumi";
  std::string run_dir = "/run/shoumi";
  std::string log_level = "info";
  bool log_json = false;
  // What sticks are until a first policy has arrived.
  v1::UsbMode before_policy = v1::USB_MODE_READ_ONLY;

  std::string inspect_program;  // empty: InspectProgram()
  std::string inspect_user = "shoumi-inspect";
  uint32_t inspect_workers_max = 2;
  uint32_t inspect_queue_max = 256;
  uint32_t inspect_start_ms_max = 60'000;
  uint32_t inspect_cache_entries_max = 4096;
  v1::InspectLimits inspect_limits;

  bool usb_enabled = true;
  bool attachments_enabled = true;
  bool clipboard_enabled = true;
  bool replay_enabled = false;

  std::vector<ExtraDevice> usb_extra_devices;
  std::string usb_staging_dir;  // empty: STATE/staging
  uint64_t usb_stage_memory_bytes_per_file_max = 1 << 20;
  uint64_t usb_stage_memory_bytes_max = 64 << 20;
  std::vector<std::string> attachments_only_below;  // empty: wherever users' files may lie
  std::string clipboard_program;  // that may speak for sessions; empty: SessionProgram()
  std::string replay_folder;

  uint32_t events_max = 512;
};

struct ConfigResult {
  bool ok = false;
  AgentConfig config;
  std::vector<v1::PackProblem> problems;  // with file and line
};

// Never throws.
ConfigResult LoadConfig(std::string_view file, std::string_view yaml);

}  // namespace shoumi::agent
