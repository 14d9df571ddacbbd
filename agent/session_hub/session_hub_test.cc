#include "agent/session_hub/session_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "agent/session_hub/testing/peer.h"

namespace shoumi::agent {
namespace {

using ::testing::HasSubstr;
using testing::Peer;

class ReportSink final : public EventSink {
 public:
  void Submit(Event event) override { event.answer(v1::Verdict()); }
  void RecordRefusal(v1::EventContext, v1::Verdict) override {}
  void Report(v1::AgentEvent::Kind kind, std::string detail) override {
    const std::lock_guard lock(mutex_);
    reports_.emplace_back(kind, std::move(detail));
    came_.notify_all();
  }
  bool WaitForReport(v1::AgentEvent::Kind kind, const std::string& words) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::seconds(10), [&] {
      return std::ranges::any_of(reports_, [&](const auto& report) {
        return report.first == kind && report.second.find(words) != std::string::npos;
      });
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::pair<v1::AgentEvent::Kind, std::string>> reports_;
};

class SessionHubTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "hub-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    options_.socket_path = folder_ + "/socket";
  }
  void TearDown() override {
    hub_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Start() {
    hub_ = std::make_unique<SessionHub>(options_);
    ASSERT_TRUE(hub_->Start(sink_).ok());
  }
  std::unique_ptr<Peer> Connect() {
    auto peer = std::make_unique<Peer>(options_.socket_path);
    peer->Hello();
    EXPECT_TRUE(peer->Receive().has_settings());
    return peer;
  }
  // The connection ends, and it is said why.
  void ExpectRefused(Peer& peer, const std::string& words) {
    EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_BYPASS_ATTEMPT, words)) << words;
    while (peer.Receive().body_case() != v1::ToSession::BODY_NOT_SET) continue;
  }

  std::string folder_;
  SessionHubOptions options_;
  ReportSink sink_;
  std::unique_ptr<SessionHub> hub_;
};

TEST_F(SessionHubTest, AnotherUsersNameIsRefusedAndReported) {
  Start();
  Peer peer(options_.socket_path);
  peer.Hello(::getuid() + 1);
  EXPECT_THAT(peer.Receive().refusal().why(), HasSubstr("claims to be uid"));
  ExpectRefused(peer, "claims to be uid");
}

TEST_F(SessionHubTest, AnotherProgramIsRefusedAndReported) {
  options_.session_program = "/usr/bin/shoumi-session";
  Start();
  Peer peer(options_.socket_path);
  peer.Hello();
  ExpectRefused(peer, "it is not /usr/bin/shoumi-session");
}

TEST_F(SessionHubTest, NonsenseIsRefusedAndReported) {
  Start();
  {
    Peer peer(options_.socket_path);
    ASSERT_EQ(::send(peer.socket(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    ExpectRefused(peer, "frame of");
  }
  {
    Peer peer(options_.socket_path);
    peer.Guarding(true);
    ExpectRefused(peer, "does not say who it is");
  }
  {
    Peer peer(options_.socket_path);
    peer.Hello(::getuid(), 99);
    ExpectRefused(peer, "protocol 99");
  }
  {
    const auto peer = Connect();
    peer->Hello();
    ExpectRefused(*peer, "does not know");
  }
}

TEST_F(SessionHubTest, NoticesAreReported) {
  Start();
  const auto peer = Connect();
  v1::FromSession message;
  message.mutable_notice()->set_what("a program\ntakes it back");
  peer->Send(message);
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "a program?takes it back"));
}

TEST_F(SessionHubTest, SilenceAtTheDoorEnds) {
  options_.hello_ms_max = std::chrono::milliseconds(50);
  Start();
  Peer peer(options_.socket_path);
  ExpectRefused(peer, "in time");
}

TEST_F(SessionHubTest, WithoutAChannelNothingIsGuardedAndPastesPass) {
  Start();
  Peer peer(options_.socket_path);
  peer.Hello();
  EXPECT_EQ(peer.Receive().settings().mode(), v1::CHANNEL_MODE_OFF);
  EXPECT_TRUE(peer.Paste("anything").pass());
}

TEST_F(SessionHubTest, TellsAllSessionsOfAUserAndNobodyElse) {
  Start();
  v1::ToSession message;
  message.mutable_notification()->set_id("one");
  EXPECT_EQ(hub_->Tell(::getuid(), message), 0U);
  const auto first = Connect();
  const auto second = Connect();
  EXPECT_EQ(hub_->Tell(::getuid() + 1, message), 0U);
  EXPECT_EQ(hub_->Tell(::getuid(), message), 2U);
  EXPECT_EQ(first->Receive().notification().id(), "one");
  EXPECT_EQ(second->Receive().notification().id(), "one");
}

TEST_F(SessionHubTest, ResultsReachWhoWantsThemAndNonsenseEndsTheConnection) {
  Start();
  std::promise<uid_t> heard;
  hub_->handlers().SetResults([&](uid_t uid, const v1::NotificationResult& result) {
    if (result.id() == "none") return absl::InvalidArgumentError("no such notification");
    heard.set_value(uid);
    return absl::OkStatus();
  });
  const auto peer = Connect();
  v1::NotificationResult result;
  result.set_id("one");
  peer->Result(result);
  auto future = heard.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(future.get(), ::getuid());
  result.set_id("none");
  peer->Result(result);
  ExpectRefused(*peer, "no such notification");
}

}  // namespace
}  // namespace shoumi::agent
