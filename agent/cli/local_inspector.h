#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/cli/document_text.h"
#include "agent/inspect/inspector_pool.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"

namespace shoumi::cli {

// What is inspected with when no agent is asked.
struct LocalRules {
  std::string packs;                // a folder; empty: the shipped ones
  std::vector<std::string> tables;  // of clients, see local_registry.h
  std::vector<LocalCollection> collections;
};

// Sandboxed workers of the caller's own, as the agent has them.
class LocalInspector {
 public:
  // Null when one of the rules is not usable; why is said on standard error, as are the warnings of
  // packs.
  static std::unique_ptr<LocalInspector> Start(const LocalRules& rules, uint32_t workers);
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
