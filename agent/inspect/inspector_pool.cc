#include "agent/inspect/inspector_pool.h"

#include <utility>

#include "agent/inspect/pool.h"

namespace shoumi::inspect {
namespace {

// The pool's handlers may outlive it on `io`; this is the caller's end of it.
class PoolOwner final : public InspectorPool {
 public:
  explicit PoolOwner(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
  ~PoolOwner() override { pool_->Stop(); }
  PoolOwner(const PoolOwner&) = delete;
  PoolOwner& operator=(const PoolOwner&) = delete;

  void Inspect(Inspection inspection, Done done) override {
    pool_->Submit(std::move(inspection), std::move(done));
  }
  absl::StatusOr<v1::InspectorReady> Reload(const InspectorRules& rules) override {
    return pool_->Reload(rules);
  }
  [[nodiscard]] v1::InspectorReady Ready() const override { return pool_->Ready(); }
  [[nodiscard]] Stats stats() const override { return pool_->stats(); }

 private:
  const std::shared_ptr<Pool> pool_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<InspectorPool>> InspectorPool::Start(boost::asio::io_context& io,
                                                                    PoolOptions options,
                                                                    const InspectorRules& rules) {
  auto pool = std::make_shared<Pool>(io, std::move(options));
  auto started = pool->Begin(rules);
  if (!started.ok()) return started.status();
  if (!started->process->ready().ok()) {
    return absl::InvalidArgumentError(started->process->ProblemLines());
  }
  pool->Use(*std::move(started), rules);
  return std::make_unique<PoolOwner>(std::move(pool));
}

}  // namespace shoumi::inspect
