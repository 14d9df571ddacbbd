#include "agent/inspect/caching_inspector.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "common/fd.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

// Answers with the number of the inspection, and whatever else the test wants.
class CountingPool final : public InspectorPool {
 public:
  explicit CountingPool(boost::asio::io_context& io) : io_(io) {}

  void Inspect(Inspection, Done done) override {
    v1::InspectReport report = answer;
    report.set_bytes_read(++inspections);
    boost::asio::post(io_, [done = std::move(done), report]() mutable { done(std::move(report)); });
  }
  absl::StatusOr<v1::InspectorReady> Reload(const InspectorRules&) override {
    return v1::InspectorReady();
  }
  [[nodiscard]] v1::InspectorReady Ready() const override { return {}; }
  [[nodiscard]] Stats stats() const override { return {}; }

  v1::InspectReport answer;
  std::atomic<uint64_t> inspections{0};

 private:
  boost::asio::io_context& io_;
};

class CachingInspectorTest : public testing::Test {
 protected:
  void Build(CacheOptions options = {}) {
    auto pool = std::make_unique<CountingPool>(io_);
    pool_ = pool.get();
    inspector_ = std::make_unique<CachingInspector>(io_, std::move(pool), options);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~CachingInspectorTest() override {
    inspector_.reset();
    guard_.reset();
    if (thread_.joinable()) thread_.join();
  }

  static Inspection File(const std::string& bytes, const std::string& name = "a.docx") {
    Inspection inspection;
    inspection.name = name;
    inspection.content.Reset(::memfd_create("content", MFD_CLOEXEC));
    EXPECT_TRUE(WriteAll(inspection.content.get(), bytes).ok());
    inspection.today = "2026-11-26";
    inspection.own_content = true;
    return inspection;
  }
  // Which inspection the answer came from.
  uint64_t Ask(Inspection inspection) {
    std::promise<v1::InspectReport> promise;
    auto answer = promise.get_future();
    inspector_->Inspect(std::move(inspection), [&promise](v1::InspectReport report) {
      promise.set_value(std::move(report));
    });
    return answer.get().bytes_read();
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      io_.get_executor()};
  CountingPool* pool_ = nullptr;
  std::unique_ptr<CachingInspector> inspector_;
  std::thread thread_;
};

TEST_F(CachingInspectorTest, TheSameIsInspectedOnce) {
  Build();
  const std::string large(1 << 20, 'x');  // hashed elsewhere
  EXPECT_EQ(Ask(File("one")), 1U);
  EXPECT_EQ(Ask(File(large)), 2U);
  EXPECT_EQ(Ask(File("one")), 1U);
  EXPECT_EQ(Ask(File(large)), 2U);
  EXPECT_EQ(inspector_->stats().remembered, 2U);
  EXPECT_EQ(inspector_->cache_stats().entries, 2U);
}

TEST_F(CachingInspectorTest, WhateverMayChangeTheReportIsPartOfTheKey) {
  Build();
  EXPECT_EQ(Ask(File("one")), 1U);
  EXPECT_EQ(Ask(File("two")), 2U);
  EXPECT_EQ(Ask(File("one", "绝密.docx")), 3U);
  Inspection tomorrow = File("one");
  tomorrow.today = "2026-11-27";
  EXPECT_EQ(Ask(std::move(tomorrow)), 4U);
  Inspection text;
  text.name = "a.docx";
  text.text = "one";
  text.today = "2026-11-26";
  text.own_content = true;
  EXPECT_EQ(Ask(std::move(text)), 5U);
  // Two fields that read as one.
  EXPECT_EQ(Ask(File("b", "a")), 6U);
  EXPECT_EQ(Ask(File("", "ab")), 7U);
  EXPECT_EQ(Ask(File("one")), 1U);
}

TEST_F(CachingInspectorTest, WhatOthersCanChangeIsInspectedEachTime) {
  Build();
  for (uint64_t i = 1; i <= 2; ++i) {
    Inspection shared = File("one");
    shared.own_content = false;
    EXPECT_EQ(Ask(std::move(shared)), i);
  }
  Inspection explained = File("one");
  explained.explain = true;
  EXPECT_EQ(Ask(std::move(explained)), 3U);
  EXPECT_EQ(Ask(File("one")), 4U);
}

TEST_F(CachingInspectorTest, NewPacksEmptyIt) {
  Build();
  EXPECT_EQ(Ask(File("one")), 1U);
  ASSERT_TRUE(inspector_->Reload({}).ok());
  EXPECT_EQ(Ask(File("one")), 2U);
  EXPECT_EQ(Ask(File("one")), 2U);
}

TEST_F(CachingInspectorTest, AccidentsAreNotRemembered) {
  Build();
  for (const auto reason : {v1::UNSCANNED_REASON_TIMEOUT, v1::UNSCANNED_REASON_CRASHED,
                            v1::UNSCANNED_REASON_OVERLOADED, v1::UNSCANNED_REASON_OVERSIZE}) {
    pool_->answer.clear_unscanned();
    pool_->answer.add_unscanned()->set_reason(reason);
    const std::string content = "reason " + std::to_string(reason);
    EXPECT_NE(Ask(File(content)), Ask(File(content)));
  }
  pool_->answer.clear_unscanned();
  pool_->answer.add_unscanned()->set_reason(v1::UNSCANNED_REASON_ENCRYPTED);
  EXPECT_EQ(Ask(File("locked")), Ask(File("locked")));
}

TEST_F(CachingInspectorTest, ItsBoundsHold) {
  CacheOptions options;
  options.entries_max = 10;
  options.bytes_max = 4000;
  options.content_bytes_max = 100;
  Build(options);
  for (int i = 0; i < 50; ++i) Ask(File(std::to_string(i)));
  EXPECT_EQ(inspector_->cache_stats().entries, 10U);
  EXPECT_EQ(Ask(File("49")), 50U);
  EXPECT_EQ(Ask(File("0")), 51U);
  EXPECT_NE(Ask(File(std::string(101, 'x'))), Ask(File(std::string(101, 'x'))));
  pool_->answer.set_media_type(std::string(450, 'm'));
  for (int i = 0; i < 20; ++i) Ask(File("large " + std::to_string(i)));
  EXPECT_LE(inspector_->cache_stats().bytes, 4000U);
  EXPECT_GT(inspector_->cache_stats().entries, 5U);
  // One report alone must not empty it.
  pool_->answer.set_media_type(std::string(3000, 'm'));
  EXPECT_NE(Ask(File("huge")), Ask(File("huge")));
}

TEST_F(CachingInspectorTest, SwitchedOffItRemembersNothing) {
  CacheOptions options;
  options.entries_max = 0;
  Build(options);
  EXPECT_NE(Ask(File("one")), Ask(File("one")));
}

}  // namespace
}  // namespace shoumi::inspect
