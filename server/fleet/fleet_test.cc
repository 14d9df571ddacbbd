#include "server/fleet/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace shoumi::server {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class FakeLink final : public SessionLink {
 public:
  void SendOffer(const Offer& offer) override { offers.push_back(offer.version); }
  void End(const absl::Status& why) override { ended.push_back(why.code()); }
  std::vector<uint64_t> offers;
  std::vector<absl::StatusCode> ended;
};

class FleetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_fl_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    clock_.JumpWall(seconds(1'800'000'000));
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    for (const char* id : {"a", "b"}) {
      ASSERT_TRUE(
          store_
              ->AddEnrolmentToken({id, clock_.WallNow(), clock_.WallNow() + hours(1), "admin", ""})
              .ok());
      DeviceRow device;
      device.device_id = id;
      device.hostname = "old name";
      ASSERT_TRUE(store_->EnrolDevice(id, clock_.WallNow(), device, {id, id, {}, {}}).ok());
    }
    FleetOptions options;
    options.sessions_max = 2;
    fleet_ = std::make_unique<Fleet>(options, *store_, clock_);
  }
  void TearDown() override {
    fleet_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::shared_ptr<FakeLink> Connect(const char* id, hours valid = hours(100)) {
    auto link = std::make_shared<FakeLink>();
    DeviceRow device;
    device.device_id = id;
    EXPECT_TRUE(fleet_->Open(device, clock_.WallNow() + valid, "ipv4:192.0.2.1", link).ok());
    return link;
  }
  static v1::AgentState State(uint64_t version) {
    v1::AgentState state;
    state.set_policy_version(version);
    state.set_agent_version("1.2");
    return state;
  }
  DeviceRow Row(const char* id) {
    DeviceRow row = store_->GetDevice(id).value();
    fleet_->Overlay(row);
    return row;
  }

  std::filesystem::path folder_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Fleet> fleet_;
};

TEST_F(FleetTest, OffersAtHelloOnlyWhenTheVersionDiffers) {
  const auto a = Connect("a");
  EXPECT_EQ(fleet_->OfferToAll({3, "sha", 10}), 0U);  // not greeted yet
  fleet_->Hello("a", a.get(), "pc-a", State(2));
  EXPECT_THAT(a->offers, ElementsAre(3));
  const auto b = Connect("b");
  fleet_->Hello("b", b.get(), "pc-b", State(3));
  EXPECT_THAT(b->offers, IsEmpty());
  EXPECT_EQ(fleet_->OfferToAll({4, "sha", 10}), 2U);
  EXPECT_THAT(a->offers, ElementsAre(3, 4));
  EXPECT_THAT(b->offers, ElementsAre(4));
}

TEST_F(FleetTest, ShowsWhatIsInForceAndWhyNot) {
  const auto a = Connect("a");
  fleet_->Hello("a", a.get(), "pc-a", State(0));
  fleet_->OfferToAll({1, "sha", 10});
  EXPECT_EQ(Row("a").policy_version, 0U);
  EXPECT_EQ(Row("a").offered_version, 1U);
  fleet_->Refused("a", a.get(), 1, "signature");
  EXPECT_EQ(Row("a").policy_error, "signature");
  fleet_->InForce("a", a.get(), 1);
  EXPECT_EQ(Row("a").policy_version, 1U);
  EXPECT_EQ(Row("a").policy_error, "");
  EXPECT_EQ(store_->GetDevice("a")->policy_version, 0U);
  ASSERT_TRUE(fleet_->Tick().ok());
  EXPECT_EQ(store_->GetDevice("a")->policy_version, 1U);
  EXPECT_EQ(store_->GetDevice("a")->hostname, "pc-a");
  EXPECT_EQ(store_->GetDevice("a")->agent_version, "1.2");
  fleet_->Refused("a", a.get(), 2, std::string(1023, 'x') + "密");
  EXPECT_EQ(Row("a").policy_error.size(), 1023U);  // cut before the character
  fleet_->OfferToAll({3, "sha", 10});
  EXPECT_EQ(Row("a").policy_error, "");  // was about the offer before
}

TEST_F(FleetTest, ASecondSessionOfADeviceEndsTheFirst) {
  const auto first = Connect("a");
  const auto second = Connect("a");
  EXPECT_THAT(first->ended, ElementsAre(absl::StatusCode::kAborted));
  EXPECT_THAT(second->ended, IsEmpty());
  EXPECT_EQ(fleet_->connected(), 1U);
  EXPECT_EQ(fleet_->counters().superseded, 1U);
  // The old session's last words and its end change nothing.
  fleet_->Heartbeat("a", first.get(), State(9));
  EXPECT_EQ(Row("a").policy_version, 0U);
  fleet_->Close("a", first.get());
  EXPECT_EQ(fleet_->connected(), 1U);
  fleet_->Close("a", second.get());
  EXPECT_EQ(fleet_->connected(), 0U);
}

TEST_F(FleetTest, WhatAnAgentSaidLastIsKeptAfterItsSession) {
  const auto a = Connect("a");
  fleet_->Hello("a", a.get(), "pc-a", State(7));
  fleet_->Close("a", a.get());
  EXPECT_EQ(Row("a").policy_version, 7U);
  ASSERT_TRUE(fleet_->Tick().ok());
  EXPECT_EQ(store_->GetDevice("a")->policy_version, 7U);
}

TEST_F(FleetTest, IdleAndExpiredSessionsEnd) {
  const auto a = Connect("a");
  const auto b = Connect("b", hours(1));
  clock_.Advance(seconds(89));
  fleet_->Touch("b", b.get());
  ASSERT_TRUE(fleet_->Tick().ok());
  EXPECT_THAT(a->ended, IsEmpty());
  clock_.Advance(seconds(1));
  ASSERT_TRUE(fleet_->Tick().ok());
  EXPECT_THAT(a->ended, ElementsAre(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(b->ended, IsEmpty());
  clock_.JumpWall(hours(1));
  ASSERT_TRUE(fleet_->Tick().ok());
  EXPECT_THAT(b->ended, ElementsAre(absl::StatusCode::kUnauthenticated));
}

TEST_F(FleetTest, SessionsHaveABound) {
  Connect("a");
  Connect("b");
  DeviceRow device;
  device.device_id = "c";
  EXPECT_EQ(fleet_->Open(device, clock_.WallNow(), "peer", std::make_shared<FakeLink>()).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(fleet_->counters().refused, 1U);
  Connect("a");  // superseding needs no room
}

TEST_F(FleetTest, EndsOneOrAll) {
  const auto a = Connect("a");
  const auto b = Connect("b");
  fleet_->End("a", absl::PermissionDeniedError("revoked"));
  EXPECT_THAT(a->ended, ElementsAre(absl::StatusCode::kPermissionDenied));
  fleet_->EndAll(absl::UnavailableError("stopping"));
  EXPECT_THAT(b->ended, ElementsAre(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace shoumi::server
