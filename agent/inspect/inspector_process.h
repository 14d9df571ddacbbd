#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/inspector_rules.h"
#include "common/fd.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// Both ends of the pool's hold on a worker: its socket, and a descriptor of the process, which
// unlike a pid cannot come to mean another one.
struct WorkerEnds {
  int32_t pid = 0;
  UniqueFd socket;
  UniqueFd process;
};

// A running shoumi-inspect with compiled packs: the parent of workers. Ends the process, and with
// it all its workers, when destroyed. Not thread-safe.
class InspectorProcess {
 public:
  struct Options {
    std::string program;
    std::string user;
    v1::InspectLimits limits;
    std::chrono::milliseconds start_ms_max{};
  };

  // Blocks until the packs are compiled, `start_ms_max` is over, or `stop` is set (Cancelled).
  // Packs with an error are no failure of this call: ready().ok() is false then.
  static absl::StatusOr<std::shared_ptr<InspectorProcess>> Start(const Options& options,
                                                                 const InspectorRules& rules,
                                                                 const std::atomic<bool>& stop);
  ~InspectorProcess();
  InspectorProcess(const InspectorProcess&) = delete;
  InspectorProcess& operator=(const InspectorProcess&) = delete;

  // Forks a worker and waits until its sandbox is closed; the layers of it are added to ready().
  absl::StatusOr<WorkerEnds> SpawnFirstWorker(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] const v1::InspectorReady& ready() const { return ready_; }
  // Of ready(), one line each, without a last line break.
  [[nodiscard]] std::string ProblemLines() const;
  // Rules that its workers may report.
  [[nodiscard]] const std::set<std::string>& detectors() const { return detectors_; }
  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  InspectorProcess(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

  const pid_t pid_;
  UniqueFd socket_;
  v1::InspectorReady ready_;
  std::set<std::string> detectors_;
};

// Ends the process behind a process descriptor. One that has ended already is no error.
void KillProcess(int process);

}  // namespace shoumi::inspect
