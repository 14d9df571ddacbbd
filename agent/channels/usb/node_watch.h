#pragma once

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
// gives no events for device nodes (Linux, fanotify_group_event_mask passes regular files and
// folders only), and only root and the group `disk` may open them.
class NodeWatch {
 public:
  static absl::StatusOr<std::unique_ptr<NodeWatch>> Watch(const std::vector<std::string>& nodes,
                                                          EventSink& sink);
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;
  ~NodeWatch();

 private:
  NodeWatch(UniqueFd events, UniqueFd stop, std::vector<std::string> nodes, EventSink& sink);
  struct Seen {
    bool opened = false;
    bool for_writing = false;
  };
  void Run();
  Seen ReadEvents();
  // True when somebody who may not is found; reports each program once a second.
  bool ReportWriters();

  const UniqueFd events_;
  const UniqueFd stop_;
  const std::vector<std::string> nodes_;
  EventSink& sink_;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
