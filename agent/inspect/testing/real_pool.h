#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "gtest/gtest.h"

namespace shoumi::inspect {

// The pool with the real shoumi-inspect, its sandbox and the shipped packs.
class RealPoolTest : public testing::Test {
 protected:
  RealPoolTest();
  ~RealPoolTest() override;

  void Start(PoolOptions options = {}, const std::string& value_key = "");
  v1::InspectReport Inspect(Inspection inspection,
                            std::chrono::milliseconds time = std::chrono::milliseconds(20'000));
  v1::InspectReport InspectText(const std::string& name, const std::string& text);
  static bool Found(const v1::InspectReport& report, const std::string& rule);

  // Processes whose parent is `parent`.
  static std::vector<pid_t> ChildrenOf(pid_t parent);
  // The only worker; the pool has shoumi-inspect as the only child of this process.
  static pid_t OnlyWorker();

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
  std::unique_ptr<InspectorPool> pool_;
};

// Highest resident size (VmHWM) of the workers of the pool, read every few milliseconds, since a
// worker that reached its bound is gone the moment after.
class PeakMemory {
 public:
  explicit PeakMemory(pid_t inspector);
  ~PeakMemory();
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;

  [[nodiscard]] uint64_t Kib();

 private:
  void Watch();
  void Read(const std::vector<pid_t>& workers);

  const pid_t inspector_;
  std::atomic<bool> done_{false};
  std::atomic<uint64_t> kib_{0};
  std::thread thread_;
};

// "ENCRYPTED" of UNSCANNED_REASON_ENCRYPTED.
std::string ShortName(v1::UnscannedReason reason);

}  // namespace shoumi::inspect
