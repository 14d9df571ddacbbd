#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "agent/inspect/caching_inspector.h"
#include "agent/inspect/inspector_pool.h"
#include "agent/main/config.h"
#include "agent/pipeline/pipeline.h"
#include "boost/asio/io_context.hpp"

namespace shoumi::agent {

// The pool of workers, from the first bundle on. Thread-safe.
class Inspection {
 public:
  Inspection(boost::asio::io_context& io, Pipeline& pipeline, const AgentConfig& config);

  // Starts the pool with `rules`, or switches the one that runs; blocks while packs compile.
  absl::StatusOr<v1::InspectorReady> Compile(const inspect::InspectorRules& rules);

  // Null before the first.
  [[nodiscard]] std::shared_ptr<inspect::InspectorPool> pool() const;
  // Ends the pool.
  void Stop();

 private:
  boost::asio::io_context& io_;
  Pipeline& pipeline_;
  inspect::PoolOptions options_;
  inspect::CacheOptions cache_options_;
  std::mutex compiling_;
  mutable std::mutex mutex_;
  std::shared_ptr<inspect::InspectorPool> pool_;
};

}  // namespace shoumi::agent
