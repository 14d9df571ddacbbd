#include "agent/ledger/ledger_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "agent/ledger/fakes.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"

namespace shoumi::agent {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class LedgerFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string root = ::testing::TempDir() + "ledger-XXXXXX";
    ASSERT_NE(::mkdtemp(root.data()), nullptr);
    root_ = root;
    folder_ = root_ / "ledger";
    clock_.Advance(hours(24) * 365 * 56);
    ASSERT_TRUE(Restart().ok());
    Watch();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // As after a kill: what was not saved is gone.
  absl::Status Restart() {
    work_ = std::make_unique<LedgerAtWork>(clock_);
    store_ = std::make_unique<LedgerFolder>(folder_, work_->ledger);
    return store_->Load();
  }
  void Watch() {
    const v1::Policy policy = PolicyOverTime({{"cn.id", 480}});
    key_ = work_->ledger.KeyFor(policy);
    work_->ledger.Watch(policy);
  }
  uint64_t Passed() { return work_->Passed(7, "cn.id", 480); }
  std::string Bytes(const char* name) { return ReadFile(folder_ / name, 1 << 20).value(); }

  FakeClock clock_;
  std::filesystem::path root_;
  std::filesystem::path folder_;
  std::unique_ptr<LedgerAtWork> work_;
  std::unique_ptr<LedgerFolder> store_;
  std::string key_;
};

TEST_F(LedgerFolderTest, CountsOnAfterARestartAndLosesOnlyWhatWasNotSaved) {
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  EXPECT_GT(work_->ledger.stats().unsaved, 0u);
  ASSERT_TRUE(store_->Save().ok());
  EXPECT_EQ(work_->ledger.stats().unsaved, 0u);
  work_->Pass(7, ReportOf("cn.id", 100, 3));
  const std::string key = key_;
  ASSERT_TRUE(Restart().ok());
  Watch();
  EXPECT_EQ(key_, key);
  EXPECT_EQ(Passed(), 8u);
  EXPECT_EQ(work_->Passed(8, "cn.id", 480), 0u);
  EXPECT_EQ(work_->Passed(7, "cn.id", 480, ReportOf("cn.id", 4, 8)), 4u);
}

TEST_F(LedgerFolderTest, TimeGoesOnWhileTheAgentDoesNotRun) {
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  clock_.Advance(minutes(200));
  ASSERT_TRUE(store_->Save().ok());
  clock_.Advance(minutes(280));
  ASSERT_TRUE(Restart().ok());
  Watch();
  EXPECT_EQ(Passed(), 8u);
  clock_.Advance(minutes(1));
  EXPECT_EQ(Passed(), 0u);
  ASSERT_TRUE(store_->Save().ok());  // what is too old leaves the disk as well
  ASSERT_TRUE(Restart().ok());
  EXPECT_EQ(work_->ledger.stats().values, 0u);
}

// The clock was set while the agent ran: what is written is right by the new one.
TEST_F(LedgerFolderTest, AClockThatIsSetMeanwhileChangesNothing) {
  for (const hours jump : {hours(-100), hours(200)}) {
    work_->Pass(7, ReportOf("cn.id", 0, 8));
    clock_.JumpWall(jump);
    clock_.Advance(minutes(100));
    work_->Pass(7, ReportOf("cn.id", 50, 1));
    ASSERT_TRUE(store_->Save().ok());
    clock_.Advance(minutes(380));
    ASSERT_TRUE(Restart().ok());
    Watch();
    EXPECT_EQ(Passed(), 9u);
    clock_.Advance(minutes(1));
    EXPECT_EQ(Passed(), 1u);
    clock_.Advance(hours(9));
    ASSERT_TRUE(store_->Save().ok());
  }
}

// The clock was put back while the agent did not run: nobody knows how long that was.
TEST_F(LedgerFolderTest, AClockThatWasPutBackBeforeTheStartLosesNothingAndProlongsByThatTimeOnly) {
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  clock_.Advance(minutes(100));
  work_->Pass(7, ReportOf("cn.id", 50, 1));
  ASSERT_TRUE(store_->Save().ok());
  clock_.JumpWall(-hours(1000));
  ASSERT_TRUE(Restart().ok());
  Watch();
  EXPECT_EQ(Passed(), 9u);
  clock_.Advance(minutes(381));
  EXPECT_EQ(Passed(), 1u);
  clock_.Advance(minutes(100));
  EXPECT_EQ(Passed(), 0u);
}

TEST_F(LedgerFolderTest, IsSealedAndForRootOnly) {
  v1::InspectReport report = ReportOf("cn.id", 0x4142434445464748, 8);
  work_->Pass(7, report);
  ASSERT_TRUE(store_->Save().ok());
  const std::string bytes = Bytes("values");
  EXPECT_EQ(bytes.find("cn.id"), std::string::npos);
  EXPECT_EQ(bytes.find("GFEDCBA"), std::string::npos);
  EXPECT_EQ(bytes.find(key_), std::string::npos);
  struct stat about {};
  for (const char* name : {"values", "key"}) {
    ASSERT_EQ(::stat((folder_ / name).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
  }
}

TEST_F(LedgerFolderTest, NothingIsKeptWhereNoRuleCounts) {
  EXPECT_TRUE(store_->Save().ok());
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  ASSERT_TRUE(store_->Save().ok());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "values"));
  work_->ledger.Watch({});
  ASSERT_TRUE(store_->Save().ok());
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(LedgerFolderTest, WhatHasNotChangedIsNotWritten) {
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  ASSERT_TRUE(store_->Save().ok());
  const std::string before = Bytes("values");
  ASSERT_TRUE(store_->Save().ok());
  EXPECT_EQ(Bytes("values"), before);  // each sealing has a nonce of its own
}

TEST_F(LedgerFolderTest, ManySeriesAreAllWritten) {
  constexpr uint32_t kUsers = 300;
  for (uint32_t uid = 0; uid < kUsers; ++uid) {
    work_->Pass(uid, ReportOf("cn.id", uid, 1 + uid % 5));
  }
  work_->ledger.Watch(PolicyOverTime({{"*", 480}}));
  work_->Pass(100, ReportOf("intl.mail", 0, 2));
  const uint64_t values = work_->ledger.stats().values;
  ASSERT_TRUE(store_->Save().ok());
  ASSERT_TRUE(Restart().ok());
  work_->ledger.Watch(PolicyOverTime({{"*", 480}}));
  EXPECT_EQ(work_->ledger.stats().values, values);
  for (uint32_t uid = 0; uid < kUsers; ++uid) {
    EXPECT_EQ(work_->Passed(uid, "*", 480), 1 + uid % 5 + (uid == 100 ? 2 : 0)) << uid;
  }
}

TEST_F(LedgerFolderTest, WhatIsDamagedIsSaidAndReplaced) {
  const auto seal = [this](const v1::PassedValues& values) {
    return crypto::Seal(Bytes("key"), values.SerializeAsString(), "shoumi-ledger-v1");
  };
  v1::PassedValues odd;
  odd.set_value_key(std::string(16, 'k'));
  odd.add_series()->set_detector("cn.id");
  odd.mutable_series(0)->add_value_keys(1);
  v1::PassedValues keyless = odd;
  keyless.mutable_series(0)->add_minutes(1);
  keyless.set_value_key("short");
  const std::pair<const char*, std::function<std::string(std::string)>> cases[] = {
      {"cut", [](std::string bytes) { return bytes.substr(0, bytes.size() - 1); }},
      {"empty", [](std::string) { return std::string(); }},
      {"changed",
       [](std::string bytes) {
         bytes.back() = static_cast<char>(~bytes.back());
         return bytes;
       }},
      {"of unequal lists", [&](std::string) { return seal(odd); }},
      {"with another key", [&](std::string) { return seal(keyless); }}};
  for (const auto& [what, damage] : cases) {
    work_->Pass(7, ReportOf("cn.id", 0, 8));
    ASSERT_TRUE(store_->Save().ok());
    ASSERT_TRUE(ReplaceFile(folder_ / "values", damage(Bytes("values")), 0600).ok());
    EXPECT_FALSE(Restart().ok()) << what;
    EXPECT_EQ(work_->ledger.stats().values, 0u) << what;
    Watch();
    work_->Pass(7, ReportOf("cn.id", 0, 5));
    ASSERT_TRUE(store_->Save().ok());
    ASSERT_TRUE(Restart().ok()) << what;
    Watch();
    EXPECT_EQ(Passed(), 5u) << what;
  }
  std::filesystem::remove(folder_ / "key");
  EXPECT_FALSE(Restart().ok());
}

TEST_F(LedgerFolderTest, WhereItCannotBeWrittenItStaysUnsaved) {
  ASSERT_TRUE(ReplaceFile(folder_, "a file", 0600).ok());
  work_->Pass(7, ReportOf("cn.id", 0, 8));
  EXPECT_FALSE(store_->Save().ok());
  EXPECT_GT(work_->ledger.stats().unsaved, 0u);
  std::filesystem::remove(folder_);
  EXPECT_TRUE(store_->Save().ok());
  ASSERT_TRUE(Restart().ok());
  Watch();
  EXPECT_EQ(Passed(), 8u);
}

}  // namespace
}  // namespace shoumi::agent
