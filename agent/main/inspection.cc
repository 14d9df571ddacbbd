#include "agent/main/inspection.h"

#include <utility>

#include "common/installation.h"

namespace shoumi::agent {

Inspection::Inspection(boost::asio::io_context& io, Pipeline& pipeline, const AgentConfig& config)
    : io_(io), pipeline_(pipeline) {
  options_.program = config.inspect_program.empty() ? InspectProgram() : config.inspect_program;
  options_.user = config.inspect_user;
  options_.workers_max = config.inspect_workers_max;
  options_.queue_max = config.inspect_queue_max;
  options_.start_ms_max = std::chrono::milliseconds(config.inspect_start_ms_max);
  options_.limits = config.inspect_limits;
  cache_options_.entries_max = config.inspect_cache_entries_max;
}

absl::StatusOr<v1::InspectorReady> Inspection::Compile(const inspect::InspectorRules& rules) {
  const std::lock_guard one_at_a_time(compiling_);
  if (const auto running = pool()) return running->Reload(rules);
  auto started = inspect::InspectorPool::Start(io_, options_, rules);
  if (!started.ok()) return started.status();
  const std::shared_ptr<inspect::InspectorPool> fresh =
      std::make_shared<inspect::CachingInspector>(io_, *std::move(started), cache_options_);
  {
    const std::lock_guard lock(mutex_);
    pool_ = fresh;
  }
  pipeline_.SetInspector(fresh);
  return fresh->Ready();
}

std::shared_ptr<inspect::InspectorPool> Inspection::pool() const {
  const std::lock_guard lock(mutex_);
  return pool_;
}

void Inspection::Stop() {
  pipeline_.SetInspector(nullptr);
  std::shared_ptr<inspect::InspectorPool> ending;
  const std::lock_guard lock(mutex_);
  ending.swap(pool_);
}

}  // namespace shoumi::agent
