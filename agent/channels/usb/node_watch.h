#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/channels/channel.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// Whether a program may write to a guarded device's node without being reported: one of the
// system's own, by name, owned by root and writable by nobody else.
bool MayOpenNode(pid_t pid);

// Reports programs that open the nodes of a guarded device for writing. It stops nothing: fanotify
// asks nobody about device nodes (Linux, fanotify_group_event_mask: permission events are for
// regular files and folders only), and only root and the group `disk` may open them.
class NodeWatch {
 public:
  static absl::StatusOr<std::unique_ptr<NodeWatch>> Watch(const std::vector<std::string>& nodes,
                                                          EventSink& sink);
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;
  ~NodeWatch();

 private:
  using Time = std::chrono::steady_clock::time_point;
  // A program while it opened a node: it may have ended when it is known to have written.
  struct Opener {
    std::string executable;
    bool allowed = false;
    Time opened;
  };
  static constexpr size_t kOpenersMax = 1024;

  NodeWatch(UniqueFd events, UniqueFd stop, std::vector<std::string> nodes, EventSink& sink);
  void Run();
  // Reports who has written; true when somebody has opened a node.
  bool ReadEvents();
  void Opened(pid_t pid);
  void Wrote(pid_t pid);
  // Reports who has a node open for writing, written or not.
  void ReportWriters();
  // Once a second: events that did not fit the kernel's queue.
  void ReportLost();
  // Each program once a second.
  void Report(const std::string& node, pid_t pid, const std::string& executable);

  const UniqueFd events_;
  const UniqueFd stop_;
  const std::vector<std::string> nodes_;
  EventSink& sink_;
  const pid_t own_pid_;
  std::map<pid_t, Opener> openers_;
  std::map<pid_t, Time> reported_;  // of the last second
  Time lost_reported_;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
