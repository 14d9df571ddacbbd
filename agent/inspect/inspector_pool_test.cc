#include "agent/inspect/inspector_pool.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

std::vector<v1::Pack> PackNamed(const std::string& name) {
  v1::Pack pack;
  pack.set_name(name);
  return {pack};
}

// The pool against a program that speaks its protocol and misbehaves on request.
class InspectorPoolTest : public testing::Test {
 protected:
  InspectorPoolTest() : guard_(boost::asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}
  ~InspectorPoolTest() override {
    pool_.reset();
    guard_.reset();
    thread_.join();
  }

  void Start(const std::string& pack, PoolOptions options = {}) {
    options.program = FAKE_INSPECT;
    options.start_ms_max = milliseconds(5000);
    auto pool = InspectorPool::Start(io_, options, {PackNamed(pack), {}});
    ASSERT_TRUE(pool.ok()) << pool.status();
    pool_ = *std::move(pool);
  }

  std::future<v1::InspectReport> Inspect(const std::string& name, milliseconds time = kLong,
                                         std::string text = "text") {
    auto promise = std::make_shared<std::promise<v1::InspectReport>>();
    Inspection inspection;
    inspection.name = name;
    inspection.text = std::move(text);
    inspection.deadline = steady_clock::now() + time;
    inspection.today = "2027-01-01";
    pool_->Inspect(std::move(inspection), [promise](v1::InspectReport report) {
      promise->set_value(std::move(report));  // throws when called twice
    });
    return promise->get_future();
  }

  static v1::UnscannedReason ReasonOf(const v1::InspectReport& report) {
    return report.unscanned_size() == 1 ? report.unscanned(0).reason()
                                        : v1::UNSCANNED_REASON_UNSPECIFIED;
  }

  void WaitUntil(const std::function<bool(const InspectorPool::Stats&)>& held) {
    const auto end = steady_clock::now() + milliseconds(10'000);
    while (!held(pool_->stats())) {
      ASSERT_LT(steady_clock::now(), end) << "condition never held";
      std::this_thread::yield();
    }
  }

  static constexpr milliseconds kLong{10'000};
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
  std::unique_ptr<InspectorPool> pool_;
};

TEST_F(InspectorPoolTest, AnswersOnce) {
  Start("well");
  const v1::InspectReport report = Inspect("a").get();
  EXPECT_EQ(report.findings(0).rule(), "test.rule");
  EXPECT_EQ(report.unscanned_size(), 0);
  EXPECT_EQ(pool_->stats().inspected, 1U);
}

TEST_F(InspectorPoolTest, BrokenPacksAreNamedWithFileAndLine) {
  PoolOptions options;
  options.program = FAKE_INSPECT;
  const auto pool = InspectorPool::Start(io_, options, {PackNamed("broken"), {}});
  ASSERT_TRUE(absl::IsInvalidArgument(pool.status()));
  EXPECT_EQ(pool.status().message(),
            "packs/broken/pack.yaml:7: error P999: does not hold together");
}

TEST_F(InspectorPoolTest, StartIsBoundedInTime) {
  PoolOptions options;
  options.program = FAKE_INSPECT;
  options.start_ms_max = milliseconds(100);
  const auto pool = InspectorPool::Start(io_, options, {PackNamed("never-ready"), {}});
  EXPECT_TRUE(absl::IsDeadlineExceeded(pool.status())) << pool.status();
}

TEST_F(InspectorPoolTest, AProgramThatIsNotThere) {
  PoolOptions options;
  options.program = "/nonexistent/shoumi-inspect";
  const auto pool = InspectorPool::Start(io_, options, {});
  EXPECT_TRUE(absl::IsNotFound(pool.status())) << pool.status();
}

TEST_F(InspectorPoolTest, AWorkerWithoutSandboxStartsNothing) {
  PoolOptions options;
  options.program = FAKE_INSPECT;
  const auto pool = InspectorPool::Start(io_, options, {PackNamed("no-sandbox"), {}});
  ASSERT_FALSE(pool.ok());
  EXPECT_THAT(std::string(pool.status().message()), HasSubstr("seccomp"));
}

TEST_F(InspectorPoolTest, ACrashCostsOneEventOnly) {
  Start("by-name");
  EXPECT_EQ(ReasonOf(Inspect("crash").get()), v1::UNSCANNED_REASON_CRASHED);
  EXPECT_EQ(Inspect("well").get().findings_size(), 1);
  EXPECT_EQ(pool_->stats().replaced, 1U);
}

TEST_F(InspectorPoolTest, AHangIsKilledAtTheDeadline) {
  Start("by-name");
  const auto start = steady_clock::now();
  EXPECT_EQ(ReasonOf(Inspect("hang", milliseconds(200)).get()), v1::UNSCANNED_REASON_TIMEOUT);
  const auto took = steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(150));
  EXPECT_LT(took, milliseconds(2000));
  EXPECT_EQ(Inspect("well").get().findings_size(), 1);
}

TEST_F(InspectorPoolTest, ADeadlineInTheQueueIsOverload) {
  PoolOptions options;
  options.workers_max = 1;
  Start("by-name", options);
  auto hangs = Inspect("hang", milliseconds(600));
  auto waits = Inspect("well", milliseconds(50));
  EXPECT_EQ(ReasonOf(waits.get()), v1::UNSCANNED_REASON_OVERLOADED);
  EXPECT_EQ(ReasonOf(hangs.get()), v1::UNSCANNED_REASON_TIMEOUT);
  EXPECT_EQ(pool_->stats().overloaded, 1U);
}

TEST_F(InspectorPoolTest, AFullQueueRefusesAtOnce) {
  PoolOptions options;
  options.workers_max = 1;
  options.queue_max = 2;
  Start("by-name", options);
  std::vector<std::future<v1::InspectReport>> all;
  all.push_back(Inspect("hang", milliseconds(500)));
  for (int i = 0; i < 3; ++i) all.push_back(Inspect("well"));
  EXPECT_EQ(ReasonOf(all.back().get()), v1::UNSCANNED_REASON_OVERLOADED);
  EXPECT_EQ(all[1].get().findings_size(), 1);
  EXPECT_EQ(all[2].get().findings_size(), 1);
}

TEST_F(InspectorPoolTest, ADeadlineThatIsOver) {
  Start("well");
  EXPECT_EQ(ReasonOf(Inspect("a", milliseconds(-1)).get()), v1::UNSCANNED_REASON_OVERLOADED);
}

TEST_F(InspectorPoolTest, NonsenseIsNotBelieved) {
  Start("by-name");
  uint64_t replaced = 0;
  for (const char* mode : {"garbage", "half", "wrong-id", "unknown-rule", "wrong-confidence",
                           "wrong-level", "too-many-matches", "oversized"}) {
    EXPECT_EQ(ReasonOf(Inspect(mode).get()), v1::UNSCANNED_REASON_CRASHED) << mode;
    EXPECT_EQ(pool_->stats().replaced, ++replaced) << mode;
  }
  EXPECT_EQ(Inspect("well").get().findings_size(), 1);
}

TEST_F(InspectorPoolTest, AWorkerThatTalksUnaskedIsReplaced) {
  Start("talks-unasked");
  WaitUntil([](const auto& stats) { return stats.replaced >= 1; });
}

TEST_F(InspectorPoolTest, WorkersGrowWithTheLoadUpToTheBound) {
  PoolOptions options;
  options.workers_max = 3;
  Start("by-name", options);
  EXPECT_EQ(Inspect("well").get().findings_size(), 1);
  EXPECT_EQ(pool_->stats().workers, 1U);
  std::vector<std::future<v1::InspectReport>> all;
  for (int i = 0; i < 6; ++i) all.push_back(Inspect("hang", milliseconds(1000)));
  WaitUntil([](const auto& stats) { return stats.workers == 3 && stats.queued == 3; });
  for (auto& one : all) one.get();
}

TEST_F(InspectorPoolTest, ARetiringWorkerIsNoLoss) {
  Start("by-name");
  const std::string first = Inspect("retire").get().media_type();
  const v1::InspectReport report = Inspect("well").get();
  EXPECT_EQ(report.unscanned_size(), 0);
  EXPECT_NE(report.media_type(), first);  // the fake tells its pid here
  EXPECT_EQ(pool_->stats().replaced, 0U);
}

TEST_F(InspectorPoolTest, TheParentsDeathIsHealed) {
  Start("by-name");
  Inspect("kill-parent").get();
  WaitUntil([](const auto& stats) { return stats.replaced >= 1; });
  const v1::InspectReport report = Inspect("well").get();
  EXPECT_EQ(report.findings_size(), 1) << report.ShortDebugString();
}

TEST_F(InspectorPoolTest, ReloadSwitchesAndABrokenOneDoesNot) {
  Start("by-name");
  const auto broken = pool_->Reload({PackNamed("broken"), {}});
  ASSERT_TRUE(broken.ok());
  EXPECT_FALSE(broken->ok());
  EXPECT_EQ(broken->problems(0).code(), "P999");
  EXPECT_EQ(Inspect("well").get().findings_size(), 1);

  auto busy = Inspect("hang", milliseconds(500));
  const auto fresh = pool_->Reload({PackNamed("crash"), {}});
  ASSERT_TRUE(fresh.ok() && fresh->ok());
  EXPECT_EQ(ReasonOf(Inspect("well").get()), v1::UNSCANNED_REASON_CRASHED);
  EXPECT_EQ(ReasonOf(busy.get()), v1::UNSCANNED_REASON_TIMEOUT);
}

TEST_F(InspectorPoolTest, LongTextTravelsThroughSharedMemory) {
  Start("well");
  EXPECT_EQ(Inspect("a", kLong, std::string(8 << 20, 'x')).get().findings_size(), 1);
}

TEST_F(InspectorPoolTest, ANameBeyondTheBoundIsSaid) {
  Start("well");
  const v1::InspectReport report = Inspect(std::string(20'000, 'n')).get();
  EXPECT_EQ(report.findings_size(), 1);
  EXPECT_EQ(ReasonOf(report), v1::UNSCANNED_REASON_OVERSIZE);
}

TEST_F(InspectorPoolTest, DestructionAnswersWhatIsOpen) {
  Start("by-name");
  auto open = Inspect("hang");
  auto queued = Inspect("hang");
  pool_.reset();
  EXPECT_EQ(ReasonOf(open.get()), v1::UNSCANNED_REASON_OVERLOADED);
  EXPECT_EQ(ReasonOf(queued.get()), v1::UNSCANNED_REASON_OVERLOADED);
}

TEST_F(InspectorPoolTest, EveryEventOfManyThreadsIsAnsweredOnce) {
  PoolOptions options;
  options.queue_max = 10'000;
  Start("by-name", options);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        Inspection inspection;
        inspection.name = (i % 25 == t) ? "crash" : "well";
        inspection.deadline = steady_clock::now() + kLong;
        pool_->Inspect(std::move(inspection), [&](const v1::InspectReport&) { ++answered; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  WaitUntil([&](const auto&) { return answered.load() == 400; });
  EXPECT_EQ(pool_->stats().replaced, 16U);
}

}  // namespace
}  // namespace shoumi::inspect
