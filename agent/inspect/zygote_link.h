#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inspect/inspector_process.h"
#include "agent/inspect/pool_worker.h"
#include "agent/inspect/wire/frame.h"
#include "boost/asio/local/stream_protocol.hpp"

namespace shoumi::inspect {

// The control socket of a running shoumi-inspect, on the strand of the pool.
class ZygoteLink : public std::enable_shared_from_this<ZygoteLink> {
 public:
  using OnSpawned = std::function<void(absl::StatusOr<WorkerEnds>)>;
  using OnEnd = std::function<void(absl::Status)>;

  ZygoteLink(const PoolWorker::Strand& strand, std::shared_ptr<InspectorProcess> process);

  // `on_end` is called once, when the process ends or says what it was not asked for.
  void Listen(OnEnd on_end);
  // One at a time. A link that ends calls `on_end` only.
  void Spawn(OnSpawned on_spawned);
  // No callback comes after. The process lives on while workers hold it.
  void Close();

  [[nodiscard]] const std::shared_ptr<InspectorProcess>& process() const { return process_; }

 private:
  void Wait();
  void End(absl::Status why);
  // False when the link has ended.
  bool Receive();

  std::shared_ptr<InspectorProcess> process_;
  boost::asio::local::stream_protocol::socket socket_;
  OnEnd on_end_;
  OnSpawned on_spawned_;
  std::vector<char> buffer_;
  size_t filled_ = 0;
  std::vector<UniqueFd> fds_;
};

}  // namespace shoumi::inspect
