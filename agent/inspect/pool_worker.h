#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "agent/inspect/inspector_process.h"
#include "agent/inspect/job.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"

namespace shoumi::inspect {

// One worker seen from the pool: frames out, frames in, and its end. Everything runs on the strand
// given to it. The process is killed with the object.
class PoolWorker : public std::enable_shared_from_this<PoolWorker> {
 public:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  // A whole frame without its head, or, once, why there will be none any more.
  using OnFrame = std::function<void(PoolWorker&, absl::Status, std::string_view)>;

  // `parent` is kept: its end would be the end of the worker.
  PoolWorker(const Strand& strand, std::shared_ptr<InspectorProcess> parent, WorkerEnds ends);
  ~PoolWorker();
  PoolWorker(const PoolWorker&) = delete;
  PoolWorker& operator=(const PoolWorker&) = delete;

  // Reads until the end. `on_frame` is dropped by Close().
  void Listen(uint32_t frame_bytes_max, OnFrame on_frame);
  absl::Status Send(OutgoingRequest request);
  // Kills the process; no call of `on_frame` comes after.
  void Close();

  [[nodiscard]] int32_t pid() const { return pid_; }
  [[nodiscard]] const InspectorProcess* parent() const { return parent_.get(); }

  bool greeted = false;      // its sandbox is closed
  std::shared_ptr<Job> job;  // what it is working on; null: idle
  boost::asio::steady_timer idle_timer;

 private:
  void Read();
  void TakeFrames();

  std::shared_ptr<InspectorProcess> parent_;
  const int32_t pid_;
  boost::asio::local::stream_protocol::socket socket_;
  UniqueFd process_;
  OnFrame on_frame_;
  uint32_t frame_bytes_max_ = 0;
  std::vector<char> buffer_;
  size_t filled_ = 0;
};

}  // namespace shoumi::inspect
