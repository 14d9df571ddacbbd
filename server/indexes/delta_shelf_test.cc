#include "server/indexes/delta_shelf.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <random>
#include <string>

#include "common/crypto/crypto.h"
#include "rules/apps/catalogue.h"
#include "server/policy/compile.h"

namespace shoumi::server {
namespace {

constexpr std::chrono::seconds kDeadline{20};

// Moves on with each question, so that what asks it again and again comes to its deadline.
class StridingClock final : public Clock {
 public:
  [[nodiscard]] Steady Now() const override { return Steady(std::chrono::seconds(++seconds_)); }
  [[nodiscard]] Wall WallNow() const override { return Wall(); }

 private:
  mutable std::atomic<int64_t> seconds_ = 0;
};

std::string RandomBlob(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string blob(300'000, '\0');
  for (char& c : blob) c = static_cast<char>(random());
  return blob;
}

class DeltaShelfTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_del_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    PublisherOptions publishing;
    publishing.key_file = folder_ / "policy.key";
    publishing.shipped_apps = rules::LoadCatalogueFolder(SHOUMI_SOURCE_DIR "/rules/apps").value();
    publisher_ = PolicyPublisher::Create(publishing, CompilePolicy, *store_, Clock::Real()).value();
    Open();
  }
  void TearDown() override {
    deltas_.reset();
    shelf_.reset();
    publisher_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open(const DeltaOptions& options = {}, const Clock& clock = Clock::Real(),
            const ShelfOptions& shelf = {}) {
    deltas_.reset();
    shelf_ = std::make_unique<IndexShelf>(shelf, *store_, *publisher_);
    deltas_ = std::make_unique<DeltaShelf>(options, *shelf_, clock);
  }

  // Puts a version in force and returns its digest.
  std::string Put(const std::string& name, uint64_t version, const std::string& blob) {
    v1::Registry head;
    head.set_name(name);
    head.set_version(version);
    head.set_sha256(crypto::Sha256Hex(blob));
    head.set_size_bytes(blob.size());
    EXPECT_TRUE(shelf_
                    ->Put(IndexKind::kRegistry,
                          {name, version, {}, "admin", head.SerializeAsString()}, head.sha256(),
                          blob)
                    .ok());
    return head.sha256();
  }
  std::shared_ptr<const Delta> Ask(const std::string& base, const std::string& blob) {
    std::promise<std::shared_ptr<const Delta>> promise;
    auto answer = promise.get_future();
    deltas_->Ask(base, blob,
                 [&](const std::shared_ptr<const Delta>& delta) { promise.set_value(delta); });
    EXPECT_EQ(answer.wait_for(kDeadline), std::future_status::ready);
    return answer.get();
  }
  // Puts `count` versions of "clients", each a little other than the one before; their digests.
  std::vector<std::string> PutVersions(size_t count) {
    std::string blob = RandomBlob(1);
    std::vector<std::string> versions;
    for (uint64_t version = 1; version <= count; ++version) {
      blob[version * 1000] = static_cast<char>(blob[version * 1000] ^ 1);
      versions.push_back(Put("clients", version, blob));
    }
    return versions;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PolicyPublisher> publisher_;
  std::unique_ptr<IndexShelf> shelf_;
  std::unique_ptr<DeltaShelf> deltas_;
};

TEST_F(DeltaShelfTest, IsMadeOnceForAllWhoAsk) {
  const auto versions = PutVersions(2);
  constexpr int kAgents = 2000;
  std::atomic<int> answered = 0;
  std::atomic<int> with_delta = 0;
  std::promise<void> all;
  for (int i = 0; i < kAgents; ++i) {
    deltas_->Ask(versions[0], versions[1], [&](const std::shared_ptr<const Delta>& delta) {
      with_delta += delta == nullptr ? 0 : 1;
      if (++answered == kAgents) all.set_value();
    });
  }
  ASSERT_EQ(all.get_future().wait_for(kDeadline), std::future_status::ready);
  EXPECT_EQ(with_delta, kAgents);
  EXPECT_EQ(deltas_->counters().deltas_made, 1U);
  EXPECT_LT(Ask(versions[0], versions[1])->bytes(), 1000U);
}

TEST_F(DeltaShelfTest, OnlyVersionsOfOneIndexHaveADelta) {
  const auto versions = PutVersions(2);
  const std::string other = Put("others", 1, RandomBlob(1));
  EXPECT_EQ(Ask(other, versions[1]), nullptr);
  EXPECT_EQ(Ask("", versions[1]), nullptr);
  EXPECT_EQ(Ask(versions[0], "nothing"), nullptr);
  EXPECT_NE(Ask(versions[0], versions[1]), nullptr);
  EXPECT_EQ(deltas_->counters().deltas_refused, 0U) << "none of them took a turn";
}

TEST_F(DeltaShelfTest, OneThatIsNotWorthItIsTheWhole) {
  const std::string first = Put("clients", 1, RandomBlob(1));
  const std::string second = Put("clients", 2, RandomBlob(2));
  EXPECT_EQ(Ask(first, second), nullptr);
  EXPECT_EQ(Ask(first, second), nullptr);
  EXPECT_EQ(deltas_->counters().deltas_refused, 1U) << "that is remembered too";
}

TEST_F(DeltaShelfTest, OldVersionsAreKeptUpToTheirBounds) {
  const auto versions = PutVersions(6);
  for (size_t i = 0; i < versions.size(); ++i) {
    EXPECT_EQ(store_->GetBlobPiece(versions[i], 0).ok(), i >= 2) << i;
    EXPECT_EQ(Ask(versions[i], versions[5]) != nullptr, i >= 2) << i;
  }
  ShelfOptions shelf;
  shelf.versions_kept_bytes_max = 700'000;  // two of 300,000
  Open({}, Clock::Real(), shelf);
  const std::string seventh = Put("clients", 7, RandomBlob(1));
  EXPECT_NE(Ask(versions[4], seventh), nullptr);
  EXPECT_EQ(Ask(versions[3], seventh), nullptr);
  ASSERT_TRUE(shelf_->Remove(IndexKind::kRegistry, "clients", "admin").ok());
  EXPECT_TRUE(store_->ListIndexVersions()->empty());
  EXPECT_FALSE(store_->GetBlobPiece(seventh, 0).ok());
}

TEST_F(DeltaShelfTest, EndsAtItsDeadline) {
  const auto versions = PutVersions(2);
  const StridingClock clock;
  DeltaOptions options;
  options.make_ms_max = std::chrono::seconds(3);
  Open(options, clock);
  EXPECT_EQ(Ask(versions[0], versions[1]), nullptr);
  EXPECT_EQ(deltas_->counters().deltas_refused, 1U);
  options.make_ms_max = std::chrono::seconds(1000);
  Open(options, clock);
  EXPECT_NE(Ask(versions[0], versions[1]), nullptr);
}

TEST_F(DeltaShelfTest, MemoryQueueAndCacheAreBounded) {
  const auto versions = PutVersions(4);
  DeltaOptions options;
  options.blob_bytes_max = 599'999;
  Open(options);
  EXPECT_EQ(Ask(versions[0], versions[1]), nullptr);
  options = {};
  options.queue_max = 0;
  Open(options);
  EXPECT_EQ(Ask(versions[0], versions[1]), nullptr);
  options = {};
  options.deltas_max = 2;
  Open(options);
  for (size_t base = 0; base < 3; ++base) EXPECT_NE(Ask(versions[base], versions[3]), nullptr);
  EXPECT_EQ(deltas_->counters().deltas_made, 3U);
  EXPECT_NE(Ask(versions[2], versions[3]), nullptr);
  EXPECT_EQ(deltas_->counters().deltas_made, 3U);
  EXPECT_NE(Ask(versions[0], versions[3]), nullptr);  // the one that was asked for the longest ago
  EXPECT_EQ(deltas_->counters().deltas_made, 4U);
  options = {};
  options.cache_bytes_max = 100;  // no delta is smaller than half of it
  Open(options);
  EXPECT_EQ(Ask(versions[0], versions[1]), nullptr);
}

// Those who wait when the server stops are answered, whether by a stop or at the end.
TEST_F(DeltaShelfTest, NobodyIsLeftWaiting) {
  const auto versions = PutVersions(2);
  DeltaOptions options;
  options.waiting_max = 1;
  Open(options);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 50; ++i) {
    deltas_->Ask(versions[0], versions[1], [&](const auto&) { ++answered; });
  }
  deltas_->AnswerAll();
  deltas_.reset();
  EXPECT_EQ(answered, 50);
}

}  // namespace
}  // namespace shoumi::server
