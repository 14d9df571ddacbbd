#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"

// For tests.
namespace shoumi::agent {

// Answers with what the test says, on the io threads, or not at all until Release().
class FakeInspector final : public inspect::InspectorPool {
 public:
  explicit FakeInspector(boost::asio::io_context& io) : io_(io) {}

  void Inspect(inspect::Inspection inspection, Done done) override {
    const std::lock_guard lock(mutex_);
    if (hold) {
      held_.push_back(std::move(done));
      return;
    }
    boost::asio::post(io_, [done = std::move(done),
                            report = answer ? answer(inspection) : v1::InspectReport()]() mutable {
      done(std::move(report));
    });
  }
  void Release() {
    std::vector<Done> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (auto& done : held) done(v1::InspectReport());
  }
  absl::StatusOr<v1::InspectorReady> Reload(const inspect::InspectorRules& rules) override {
    packs_loaded = rules.packs.size();
    return ready;
  }
  [[nodiscard]] v1::InspectorReady Ready() const override { return ready; }
  [[nodiscard]] Stats stats() const override { return {}; }

  std::function<v1::InspectReport(const inspect::Inspection&)> answer;
  bool hold = false;
  v1::InspectorReady ready;
  size_t packs_loaded = 0;

 private:
  boost::asio::io_context& io_;
  std::mutex mutex_;
  std::vector<Done> held_;
};

}  // namespace shoumi::agent
