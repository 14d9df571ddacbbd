#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "agent/channels/channel.h"
#include "agent/channels/usb/folded_reports.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// Reports programs that make or rename names, or set attributes, on a guarded file system through
// another mount of it. Reported, not stopped: the kernel asks nobody about these. The guard seals
// the mounts it sees; this is for those in other namespaces.
class ChangeWatch {
 public:
  // `mount`: a descriptor of any folder of the file system.
  static absl::StatusOr<std::unique_ptr<ChangeWatch>> Watch(int mount, std::string device,
                                                            EventSink& sink);
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  ~ChangeWatch();

 private:
  ChangeWatch(UniqueFd group, UniqueFd stop, std::string device, EventSink& sink);
  void Run();
  bool ReadBatch(FoldedReports* reports);

  const UniqueFd group_;
  const UniqueFd stop_;
  const std::string device_;
  EventSink& sink_;
  const pid_t own_pid_;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
