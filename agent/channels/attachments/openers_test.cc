#include "agent/channels/attachments/openers.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

namespace shoumi::agent::attachments {
namespace {

using std::chrono::milliseconds;

// Answers when it is told to: an identification that has to wait for it waits.
class HeldHomes final : public apps::Homes {
 public:
  std::string Of(uid_t) override {
    ++asked;
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open; });
    return "/home/of-nobody";
  }
  void Open() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  std::atomic<int> asked{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
};

class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { End(); }
  void End() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

class OpenersTest : public testing::Test {
 protected:
  OpenersTest() {
    // Any program fits all of it but the home.
    v1::App& app = *policy_.add_apps();
    app.set_id("a");
    app.add_classes("messenger");
    app.add_executables("~/*");
    policy_.mutable_attachments()->set_mode(v1::CHANNEL_MODE_INSPECT);
    policy_.mutable_attachments()->add_classes("messenger");
    held_ = std::make_shared<RulesInForce>(policy_, homes_);
    free_ = std::make_shared<RulesInForce>(v1::Policy(), homes_);
  }
  std::future<std::shared_ptr<const Opener>> Ask(Openers& openers, pid_t pid,
                                                 std::shared_ptr<const RulesInForce> rules) {
    auto promise = std::make_shared<std::promise<std::shared_ptr<const Opener>>>();
    EXPECT_TRUE(openers.Identify(pid, std::move(rules), [promise](std::shared_ptr<const Opener> o) {
      promise->set_value(std::move(o));
    }));
    return promise->get_future();
  }

  HeldHomes homes_;
  v1::Policy policy_;
  std::shared_ptr<const RulesInForce> held_;
  std::shared_ptr<const RulesInForce> free_;
};

TEST_F(OpenersTest, KnownOnceIdentifiedUntilTheProcessEnds) {
  Openers openers;
  Child child;
  EXPECT_EQ(openers.Find(child.pid(), free_), nullptr);
  const auto opener = Ask(openers, child.pid(), free_).get();
  ASSERT_NE(opener, nullptr);
  EXPECT_FALSE(opener->watched);
  EXPECT_TRUE(opener->identity.below_self);
  EXPECT_EQ(openers.Find(child.pid(), free_), opener);
  // Under other rules it may be another program.
  const auto other = std::make_shared<RulesInForce>(v1::Policy(), homes_);
  EXPECT_EQ(openers.Find(child.pid(), other), nullptr);
  Ask(openers, child.pid(), free_).get();
  const pid_t pid = child.pid();
  child.End();
  EXPECT_EQ(openers.Find(pid, free_), nullptr);
  EXPECT_EQ(Ask(openers, pid, free_).get(), nullptr);
  EXPECT_GE(openers.counters().ended, 1u);
}

TEST_F(OpenersTest, TheAppOfWhatHasJustEnded) {
  OpenerBounds bounds;
  bounds.ended_ms_max = 60'000;
  Openers openers(bounds);
  OpenerBounds none;
  none.ended_ms_max = 0;
  Openers forgetful(none);
  Child child;
  const pid_t pid = child.pid();
  EXPECT_EQ(openers.AppOf(pid, free_), "");
  EXPECT_EQ(forgetful.AppOf(pid, free_), "");
  child.End();
  EXPECT_EQ(openers.AppOf(pid, free_), "");
  EXPECT_EQ(forgetful.AppOf(pid, free_), std::nullopt);
  EXPECT_EQ(openers.AppOf(pid, held_), std::nullopt);
}

TEST_F(OpenersTest, WhatTakesTooLongIsAnsweredAndOthersGoOn) {
  OpenerBounds bounds;
  bounds.identify_ms_max = 100;
  bounds.threads = 2;
  Openers openers(bounds);
  Child child;
  const auto started = std::chrono::steady_clock::now();
  auto late = Ask(openers, child.pid(), held_);
  EXPECT_EQ(late.get(), nullptr);
  EXPECT_LT(std::chrono::steady_clock::now() - started, milliseconds(5000));
  EXPECT_EQ(openers.counters().late, 1u);
  Child other;
  EXPECT_NE(Ask(openers, other.pid(), free_).get(), nullptr);
  homes_.Open();
}

TEST_F(OpenersTest, CallersAreBounded) {
  OpenerBounds bounds;
  bounds.waiting_max = 3;
  bounds.threads = 1;
  bounds.identify_ms_max = 60'000;
  Openers openers(bounds);
  Child child;
  std::vector<std::future<std::shared_ptr<const Opener>>> waiting;
  waiting.reserve(3);
  for (int i = 0; i < 3; ++i) waiting.push_back(Ask(openers, child.pid(), held_));
  EXPECT_FALSE(openers.Identify(child.pid(), held_, [](const auto&) { ADD_FAILURE(); }));
  EXPECT_EQ(openers.counters().refused, 1u);
  homes_.Open();
  for (auto& one : waiting) EXPECT_NE(one.get(), nullptr);
}

TEST_F(OpenersTest, KnownProcessesAreBounded) {
  OpenerBounds bounds;
  bounds.known_max = 2;
  Openers openers(bounds);
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 5; ++i) {
    children.push_back(std::make_unique<Child>());
    EXPECT_NE(Ask(openers, children.back()->pid(), free_).get(), nullptr);
    EXPECT_LE(openers.known(), 2u);
  }
}

TEST_F(OpenersTest, WhatHasEndedIsLetGoOfAndWhatLivesIsNot) {
  OpenerBounds bounds;
  bounds.ended_ms_max = 0;
  bounds.forget_ms = 50;
  bounds.identify_ms_max = 50;
  Openers openers(bounds);
  Child lives;
  Child ends;
  const auto kept = Ask(openers, lives.pid(), free_).get();
  Ask(openers, ends.pid(), free_).get();
  EXPECT_EQ(openers.known(), 2U);
  ends.End();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (openers.known() != 1 && std::chrono::steady_clock::now() < until) ::usleep(1000);
  EXPECT_EQ(openers.known(), 1U);
  EXPECT_EQ(openers.Find(lives.pid(), free_), kept);
}

TEST_F(OpenersTest, StoppingCallsWhoWaits) {
  OpenerBounds bounds;
  bounds.threads = 1;
  bounds.identify_ms_max = 60'000;
  auto openers = std::make_unique<Openers>(bounds);
  Child first;
  Child second;
  auto one = Ask(*openers, first.pid(), held_);
  auto two = Ask(*openers, second.pid(), held_);
  std::thread stopping([&openers] { openers->Stop(); });
  EXPECT_EQ(one.get(), nullptr);
  EXPECT_EQ(two.get(), nullptr);
  homes_.Open();  // the thread that looks ends when it can
  stopping.join();
  EXPECT_FALSE(openers->Identify(first.pid(), free_, [](const auto&) { ADD_FAILURE(); }));
}

TEST(RulesInForce, WhatPolicyDoesNotSayStops) {
  apps::Homes homes;
  v1::Policy policy;
  policy.mutable_attachments()->set_mode(v1::CHANNEL_MODE_INSPECT);
  v1::UnscannedFallback& timeout = *policy.add_unscanned();
  timeout.set_reason(v1::UNSCANNED_REASON_TIMEOUT);
  timeout.set_action(v1::ACTION_REPORT);
  v1::UnscannedFallback& oversize = *policy.add_unscanned();
  oversize.set_reason(v1::UNSCANNED_REASON_OVERSIZE);
  oversize.set_action(v1::ACTION_WARN);
  const RulesInForce rules(policy, homes);
  EXPECT_TRUE(rules.active());
  EXPECT_EQ(rules.verdict_ms_max, milliseconds(kVerdictMsDefault));
  EXPECT_TRUE(rules.Passes(v1::UNSCANNED_REASON_TIMEOUT));
  EXPECT_FALSE(rules.Passes(v1::UNSCANNED_REASON_OVERSIZE));
  EXPECT_FALSE(rules.Passes(v1::UNSCANNED_REASON_OVERLOADED));
  EXPECT_FALSE(rules.IsWatched(nullptr));
  policy.mutable_attachments()->set_mode(v1::CHANNEL_MODE_REPORT_ONLY);
  EXPECT_TRUE(RulesInForce(policy, homes).Passes(v1::UNSCANNED_REASON_OVERLOADED));
  EXPECT_FALSE(RulesInForce(v1::Policy(), homes).active());
}

}  // namespace
}  // namespace shoumi::agent::attachments
