#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"

namespace shoumi::cli {

// Sandboxed workers of the caller's own, as the agent has them.
class LocalInspector {
 public:
  // `packs`: a folder, empty for the shipped ones. `tables`: of clients, see local_registry.h. Null
  // when one is not usable; why is said on standard error, as are the warnings of packs.
  static std::unique_ptr<LocalInspector> Start(const std::string& packs, uint32_t workers,
                                               const std::vector<std::string>& tables = {});
  ~LocalInspector();
  LocalInspector(const LocalInspector&) = delete;
  LocalInspector& operator=(const LocalInspector&) = delete;

  [[nodiscard]] inspect::InspectorPool& pool() { return *pool_; }

 private:
  LocalInspector() = default;

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      io_.get_executor()};
  std::thread io_thread_;
  std::unique_ptr<inspect::InspectorPool> pool_;
};

}  // namespace shoumi::cli
