#include "agent/spool/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "agent/spool/fault_files.h"
#include "common/crypto/crypto.h"

namespace shoumi::agent {
namespace {

const std::string kKey(32, 'k');

v1::SpoolRecord Incident(const std::string& id, const std::string& rule = "r", size_t bytes = 0) {
  v1::SpoolRecord record;
  record.mutable_incident()->set_incident_id(id);
  record.mutable_incident()->mutable_verdict()->set_rule(rule);
  record.mutable_incident()->mutable_event()->set_content_name(std::string(bytes, 'n'));
  return record;
}

absl::Status AppendAndWait(Spool& spool, v1::SpoolRecord record) {
  std::promise<absl::Status> promise;
  spool.Append(std::move(record), [&](absl::Status status) { promise.set_value(status); });
  return promise.get_future().get();
}

std::unique_ptr<Spool> OpenOn(FaultDisk& disk, SpoolOptions options = {}) {
  auto spool = Spool::Open(std::make_unique<FaultFiles>(disk), kKey, options);
  EXPECT_TRUE(spool.ok()) << spool.status();
  return spool.ok() ? *std::move(spool) : nullptr;
}

bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    ::usleep(1000);
  }
  return false;
}

TEST(Spool, KeepsOrderAcrossRestartsAndAcknowledgements) {
  FaultDisk disk;
  std::mt19937 random(1);
  {
    const auto spool = OpenOn(disk);
    for (int i = 1; i <= 5; ++i) {
      ASSERT_TRUE(AppendAndWait(*spool, Incident(std::to_string(i))).ok());
    }
    spool->Acknowledge(2);
  }
  disk.Restart(random);
  const auto spool = OpenOn(disk);
  EXPECT_EQ(spool->stats().acknowledged, 2u);
  EXPECT_EQ(spool->stats().records, 3u);
  ASSERT_TRUE(AppendAndWait(*spool, Incident("6")).ok());
  const auto records = spool->Read(2, 100, 1 << 20);
  ASSERT_EQ(records->size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ((*records)[i].sequence(), i + 3);
    EXPECT_EQ((*records)[i].incident().incident_id(), std::to_string(i + 3));
  }
}

TEST(Spool, SequenceGoesOnWhenEverythingWasDelivered) {
  FaultDisk disk;
  SpoolOptions options;
  {
    const auto spool = OpenOn(disk, options);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(AppendAndWait(*spool, Incident("x", "r", 50'000)).ok());
    }
    spool->Acknowledge(3);
    EXPECT_TRUE(Eventually([&] { return spool->stats().bytes == 0; }));
  }
  const auto spool = OpenOn(disk, options);
  ASSERT_TRUE(AppendAndWait(*spool, Incident("4")).ok());
  EXPECT_EQ(spool->Read(3, 10, 1 << 20)->at(0).sequence(), 4u);
}

TEST(Spool, ReadHoldsItsBounds) {
  FaultDisk disk;
  SpoolOptions options;
  options.segment_bytes_max = 4096;
  const auto spool = OpenOn(disk, options);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(AppendAndWait(*spool, Incident("i", "r", 500)).ok());
  EXPECT_EQ(spool->Read(0, 7, 1 << 20)->size(), 7u);
  EXPECT_LE(spool->Read(0, 100, 2000)->size(), 4u);
  EXPECT_EQ(spool->Read(0, 100, 1)->size(), 1u);  // one at least, or nothing would ever move
  uint64_t at = 0;
  for (int i = 0; i < 10; ++i) {
    const auto records = spool->Read(at, 5, 1 << 20);
    for (const auto& record : *records) EXPECT_EQ(record.sequence(), ++at);
  }
  EXPECT_EQ(at, 50u);
  EXPECT_TRUE(spool->Read(50, 5, 1 << 20)->empty());
  EXPECT_GT(disk.Names().size(), 5u);
  spool->Acknowledge(50);
  EXPECT_TRUE(Eventually([&] { return spool->stats().records == 0; }));
  EXPECT_LE(disk.Names().size(), 2u);
}

TEST(Spool, NothingReadableOnDisk) {
  FaultDisk disk;
  const auto spool = OpenOn(disk);
  ASSERT_TRUE(AppendAndWait(*spool, Incident("incident-in-clear")).ok());
  for (const std::string& name : disk.Names()) {
    EXPECT_EQ(disk.Content(name)->find("incident-in-clear"), std::string::npos) << name;
  }
}

TEST(Spool, WhenFullCountsByRuleAndSaysSo) {
  FaultDisk disk;
  SpoolOptions options;
  options.bytes_max = 300'000;
  options.segment_bytes_max = 50'000;
  auto spool = OpenOn(disk, options);
  int kept = 0;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto status = AppendAndWait(*spool, Incident("i", i % 2 == 0 ? "even" : "odd", 10'000));
    status.ok() ? ++kept : ++refused;
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status));
  }
  EXPECT_GT(kept, 10);
  EXPECT_GT(refused, 10);
  EXPECT_EQ(spool->stats().refused, static_cast<uint64_t>(refused));
  EXPECT_LE(spool->stats().bytes, options.bytes_max);
  // The counts outlive the process.
  spool.reset();
  spool = OpenOn(disk, options);
  EXPECT_EQ(spool->stats().refused, static_cast<uint64_t>(refused));
  spool->Acknowledge(spool->stats().last);
  EXPECT_TRUE(Eventually([&] { return spool->stats().records == 1; }));
  const auto records = spool->Read(spool->stats().acknowledged, 10, 1 << 20);
  ASSERT_EQ(records->size(), 1u);
  const v1::AgentEvent& event = records->at(0).event();
  EXPECT_EQ(event.kind(), v1::AgentEvent::KIND_SPOOL_FULL);
  EXPECT_EQ(event.count(), static_cast<uint64_t>(refused));
  EXPECT_NE(event.detail().find("spool full: even "), std::string::npos) << event.detail();
  EXPECT_NE(event.detail().find(" odd "), std::string::npos) << event.detail();
  // Said once.
  ASSERT_TRUE(AppendAndWait(*spool, Incident("after")).ok());
  spool.reset();
  spool = OpenOn(disk, options);
  EXPECT_EQ(spool->stats().records, 2u);
}

TEST(Spool, FullDiskIsCountedAndEndsByItself) {
  FaultDisk disk;
  const auto spool = OpenOn(disk);
  ASSERT_TRUE(AppendAndWait(*spool, Incident("1")).ok());
  disk.SetCapacity(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(absl::IsResourceExhausted(AppendAndWait(*spool, Incident("lost", "rule"))));
  }
  disk.SetCapacity(UINT64_MAX);
  ASSERT_TRUE(AppendAndWait(*spool, Incident("2")).ok());
  const auto records = spool->Read(0, 10, 1 << 20);
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ(records->at(1).event().detail(), "disk full: rule 3");
  EXPECT_EQ(records->at(2).incident().incident_id(), "2");
  EXPECT_EQ(records->at(2).sequence(), 3u);
  EXPECT_GE(spool->stats().failures, 3u);
}

TEST(Spool, FailingSyncIsNeverAnsweredAsDurable) {
  FaultDisk disk;
  std::mt19937 random(3);
  {
    const auto spool = OpenOn(disk);
    disk.FailSyncs(true);
    EXPECT_FALSE(AppendAndWait(*spool, Incident("1")).ok());
    disk.FailSyncs(false);
    ASSERT_TRUE(AppendAndWait(*spool, Incident("2")).ok());
  }
  disk.Restart(random);
  const auto spool = OpenOn(disk);
  const auto records = spool->Read(0, 10, 1 << 20);
  EXPECT_EQ(records->back().incident().incident_id(), "2");
}

TEST(Spool, RecordAndQueueBounds) {
  FaultDisk disk;
  SpoolOptions options;
  options.record_bytes_max = 1000;
  options.queue_bytes_max = 5000;
  const auto spool = OpenOn(disk, options);
  EXPECT_TRUE(absl::IsResourceExhausted(AppendAndWait(*spool, Incident("1", "r", 2000))));
  EXPECT_TRUE(absl::IsResourceExhausted(AppendAndWait(*spool, Incident("1", "r", 6000))));
  EXPECT_TRUE(AppendAndWait(*spool, Incident("2", "r", 500)).ok());
  EXPECT_EQ(spool->stats().refused, 2u);
}

TEST(Spool, WaitPastSeesNewRecords) {
  FaultDisk disk;
  const auto spool = OpenOn(disk);
  EXPECT_FALSE(spool->WaitPast(0, std::chrono::milliseconds(1)));
  auto waiting = std::async([&] { return spool->WaitPast(0, std::chrono::seconds(20)); });
  ASSERT_TRUE(AppendAndWait(*spool, Incident("1")).ok());
  EXPECT_TRUE(waiting.get());
}

TEST(Spool, RealFolderHasAPrivateKey) {
  std::string folder = ::testing::TempDir() + "spool-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    auto spool = Spool::OpenFolder(folder + "/spool", {});
    ASSERT_TRUE(spool.ok()) << spool.status();
    ASSERT_TRUE(AppendAndWait(**spool, Incident("1")).ok());
  }
  struct stat info {};
  ASSERT_EQ(::stat((folder + "/spool/key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  {
    auto spool = Spool::OpenFolder(folder + "/spool", {});
    ASSERT_TRUE(spool.ok()) << spool.status();
    EXPECT_EQ((*spool)->Read(0, 10, 1 << 20)->size(), 1u);
    EXPECT_TRUE((*spool)->damages().empty());
  }
  // With another key the records are lost; that is said, and sequences are not used again.
  std::filesystem::remove(folder + "/spool/key");
  auto spool = Spool::OpenFolder(folder + "/spool", {});
  ASSERT_TRUE(spool.ok()) << spool.status();
  EXPECT_FALSE((*spool)->damages().empty());
  EXPECT_GT((*spool)->stats().last, 1000u);
  ASSERT_TRUE(AppendAndWait(**spool, Incident("2")).ok());
  EXPECT_EQ((*spool)->stats().records, 1u);
  spool->reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace shoumi::agent
