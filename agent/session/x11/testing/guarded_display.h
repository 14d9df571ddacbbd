#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "agent/session/x11/selection_guard.h"
#include "agent/session/x11/testing/peer.h"
#include "agent/session/x11/testing/x_server.h"

namespace shoumi::session::testing {

// A display with the guard on it.
class GuardedDisplay : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = XServer::Start();
    if (!server_) GTEST_SKIP() << "Xvfb is not installed";
  }
  void TearDown() override { StopGuard(); }

  void Guard(TestJudge::Rule rule, GuardLimits limits = {}) {
    judge_ = std::make_unique<TestJudge>(std::move(rule));
    auto guard = SelectionGuard::Open(server_->display(), *judge_, limits);
    ASSERT_TRUE(guard.ok()) << guard.status();
    guard_ = *std::move(guard);
    thread_ = std::thread([this] { ended_ = guard_->Run(); });
  }
  void StopGuard() {
    if (!thread_.joinable()) return;
    guard_->Stop();
    thread_.join();
  }
  [[nodiscard]] bool TakenOver(uint64_t times) const {
    return WaitUntil([&] { return guard_->counters().taken_over >= times; });
  }
  [[nodiscard]] const std::string& display() const { return server_->display(); }

  static TestJudge::Rule Passes() {
    return [](const Question&) { return true; };
  }
  static TestJudge::Rule Refuses() {
    return [](const Question&) { return false; };
  }

  std::unique_ptr<XServer> server_;
  std::unique_ptr<TestJudge> judge_;
  std::unique_ptr<SelectionGuard> guard_;
  absl::Status ended_;
  std::thread thread_;
};

inline std::string TextOf(const Part& part) {
  std::string text(part.bytes ? part.bytes->size() : 0, '\0');
  if (part.bytes) text.resize(part.bytes->Read(0, text).value());
  return text;
}

// Text that repeats only after a while.
inline std::string LongText(size_t bytes) {
  std::string text;
  text.reserve(bytes + 16);
  for (uint64_t i = 0; text.size() < bytes; ++i) text += std::to_string(i * 2654435761U) + '\n';
  text.resize(bytes);
  return text;
}

}  // namespace shoumi::session::testing
