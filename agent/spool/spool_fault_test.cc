#include <gtest/gtest.h>

#include <future>
#include <set>

#include "agent/spool/fault_files.h"
#include "agent/spool/spool.h"

namespace shoumi::agent {
namespace {

const std::string kKey(32, 'k');

v1::SpoolRecord Incident(uint64_t id, size_t bytes) {
  v1::SpoolRecord record;
  record.mutable_incident()->set_incident_id(std::to_string(id));
  record.mutable_incident()->mutable_verdict()->set_rule("r");
  record.mutable_incident()->mutable_event()->set_content_name(std::string(bytes, 'n'));
  return record;
}

SpoolOptions SmallSegments() {
  SpoolOptions options;
  options.segment_bytes_max = 2000;
  return options;
}

std::unique_ptr<Spool> OpenOn(FaultDisk& disk) {
  auto spool = Spool::Open(std::make_unique<FaultFiles>(disk), kKey, SmallSegments());
  EXPECT_TRUE(spool.ok()) << spool.status();
  return spool.ok() ? *std::move(spool) : nullptr;
}

// What the outside knows: what was answered OK, what was handed to the server, what it
// acknowledged.
struct Outside {
  std::set<uint64_t> durable;
  std::set<uint64_t> at_server;
  uint64_t next_id = 1;
  uint64_t acknowledged = 0;
};

void Work(Spool& spool, std::mt19937& random, Outside& outside) {
  const auto rounds = 1 + random() % 20;
  for (uint64_t round = 0; round < rounds; ++round) {
    std::vector<std::pair<uint64_t, std::future<absl::Status>>> results;
    for (auto i = random() % 4; i > 0; --i) {
      const uint64_t id = outside.next_id++;
      auto promise = std::make_shared<std::promise<absl::Status>>();
      results.emplace_back(id, promise->get_future());
      spool.Append(Incident(id, random() % 700),
                   [promise](absl::Status status) { promise->set_value(status); });
    }
    for (auto& [id, result] : results) {
      if (result.get().ok()) outside.durable.insert(id);
    }
    if (random() % 3 != 0) continue;
    const auto records = spool.Read(outside.acknowledged, 3, 1 << 20);
    if (!records.ok() || records->empty()) continue;
    for (const auto& record : *records) {
      if (record.has_incident())
        outside.at_server.insert(std::stoull(record.incident().incident_id()));
    }
    outside.acknowledged = records->back().sequence();
    spool.Acknowledge(outside.acknowledged);
  }
}

// kill -9 at any operation, torn at any byte, again and again on the same disk.
TEST(SpoolFault, NothingAnsweredAsDurableIsEverLost) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    FaultDisk disk;
    Outside outside;
    for (int life = 0; life < 5; ++life) {
      {
        const auto spool = OpenOn(disk);
        ASSERT_NE(spool, nullptr) << seed;
        EXPECT_TRUE(spool->damages().empty()) << seed << ": " << spool->damages()[0];
        disk.KillAfter(random() % 60);
        Work(*spool, random, outside);
      }
      disk.Restart(random);
    }
    const auto spool = OpenOn(disk);
    ASSERT_NE(spool, nullptr);
    std::set<uint64_t> found = outside.at_server;
    uint64_t last = 0;
    const auto records = spool->Read(0, SIZE_MAX, UINT64_MAX);
    for (const auto& record : *records) {
      if (last != 0) {
        EXPECT_EQ(record.sequence(), last + 1) << seed;
      }
      last = record.sequence();
      if (record.has_incident()) found.insert(std::stoull(record.incident().incident_id()));
    }
    for (const uint64_t id : outside.durable) {
      EXPECT_TRUE(found.contains(id)) << "seed " << seed << " lost incident " << id;
    }
  }
}

// Damage that no crash explains: nothing answered wrongly, the start says what is gone.
TEST(SpoolFault, DamageIsSaidAndTheRestStays) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    FaultDisk disk;
    {
      const auto spool = OpenOn(disk);
      for (uint64_t id = 1; id <= 30; ++id) {
        std::promise<void> done;
        spool->Append(Incident(id, 100), [&](absl::Status) { done.set_value(); });
        done.get_future().get();
      }
    }
    std::vector<std::string> segments;
    for (const auto& name : disk.Names()) {
      if (name.ends_with(".seg")) segments.push_back(name);
    }
    // Not the last segment: there a damaged end cannot be told from a torn one.
    std::string& content = *disk.Content(segments[random() % (segments.size() - 1)]);
    const size_t at = random() % content.size();
    content[at] = static_cast<char>(content[at] ^ (1 + random() % 255));
    disk.Settle();
    const auto spool = OpenOn(disk);
    ASSERT_NE(spool, nullptr);
    EXPECT_FALSE(spool->damages().empty()) << seed;
    const auto records = spool->Read(0, SIZE_MAX, UINT64_MAX);
    ASSERT_TRUE(records.ok());
    EXPECT_GE(records->size(), 15u);
    EXPECT_LT(records->size(), 30u);
    for (const auto& record : *records) {
      EXPECT_EQ(record.incident().incident_id(), std::to_string(record.sequence()));
    }
  }
}

TEST(SpoolFault, TruncatedTailKeepsWhatIsWhole) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    FaultDisk disk;
    {
      const auto spool = OpenOn(disk);
      for (uint64_t id = 1; id <= 9; ++id) spool->Append(Incident(id, 10), nullptr);
    }
    std::vector<std::string> segments = disk.Names();
    std::erase_if(segments, [](const std::string& name) { return !name.ends_with(".seg"); });
    std::string& content = *disk.Content(segments.back());
    content.resize(8 + random() % (content.size() - 8));
    disk.Settle();
    const auto spool = OpenOn(disk);
    ASSERT_NE(spool, nullptr);
    EXPECT_TRUE(spool->damages().empty());
    const uint64_t before = spool->stats().last;
    EXPECT_LT(before, 9u);
    std::promise<absl::Status> done;
    spool->Append(Incident(99, 10), [&](absl::Status status) { done.set_value(status); });
    ASSERT_TRUE(done.get_future().get().ok());
    const auto records = spool->Read(0, SIZE_MAX, UINT64_MAX);
    ASSERT_EQ(records->size(), before + 1);
    EXPECT_EQ(records->back().incident().incident_id(), "99");
  }
}

}  // namespace
}  // namespace shoumi::agent
