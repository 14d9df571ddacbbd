#include "agent/channels/clipboard/clipboard_channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "agent/channels/clipboard/testing/served_channel.h"
#include "agent/channels/clipboard/testing/word_sink.h"
#include "agent/session_hub/testing/peer.h"

namespace shoumi::agent::clipboard {
namespace {

using agent::testing::Memory;
using agent::testing::Peer;
using ::testing::HasSubstr;
using testing::ServedChannel;
using testing::WordSink;

class ClipboardChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "clipboard-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    hub_.socket_path = folder_ + "/socket";
    options_.sessions = [] {
      return std::vector<GraphicalSession>{{"1", ::getuid(), false, ":0"}};
    };
    policy_.set_default_action(v1::ACTION_ALLOW);
    policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
    policy_.mutable_clipboard()->set_warn_s(60);
    policy_.add_rules()->set_action(v1::ACTION_WARN);
    for (const auto& [reason, action] :
         {std::pair(v1::UNSCANNED_REASON_TIMEOUT, v1::ACTION_REPORT),
          std::pair(v1::UNSCANNED_REASON_OVERSIZE, v1::ACTION_WARN),
          std::pair(v1::UNSCANNED_REASON_CORRUPT, v1::ACTION_ALLOW)}) {
      auto* fallback = policy_.add_unscanned();
      fallback->set_reason(reason);
      fallback->set_action(action);
      fallback->set_severity(v1::SEVERITY_LOW);
    }
  }
  void TearDown() override {
    channel_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Start() {
    channel_ = std::make_unique<ServedChannel>(hub_, options_, clock_);
    ASSERT_TRUE(channel_->Start(sink_).ok());
    channel_->ApplyPolicy(policy_);
  }
  std::unique_ptr<Peer> Connect() {
    auto peer = std::make_unique<Peer>(hub_.socket_path);
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
  SessionHubOptions hub_;
  ClipboardOptions options_;
  v1::Policy policy_;
  FakeClock clock_;
  WordSink sink_;
  std::unique_ptr<ServedChannel> channel_;
};

TEST_F(ClipboardChannelTest, JudgesPastesWithBothPrograms) {
  Start();
  const auto peer = Connect();
  EXPECT_TRUE(peer->Paste("nothing").pass());
  EXPECT_TRUE(peer->Paste("report it").pass());
  const auto refused = peer->Paste("a secret");
  EXPECT_FALSE(refused.pass());
  EXPECT_EQ(refused.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(refused.title_en(), "title");
  const std::lock_guard lock(sink_.mutex);
  ASSERT_EQ(sink_.events.size(), 3U);
  const Event& event = sink_.events[2];
  EXPECT_EQ(event.context.channel(), v1::CHANNEL_CLIPBOARD);
  EXPECT_EQ(event.context.operation(), "paste");
  EXPECT_EQ(event.context.user().uid(), ::getuid());
  EXPECT_EQ(event.context.program().pid(), ::getpid());
  EXPECT_THAT(event.context.program().executable(), HasSubstr("channel_clipboard_test"));
  EXPECT_EQ(event.context.program().name(), "channel_clipboard_test");
  EXPECT_EQ(event.context.source().pid(), ::getppid());
  EXPECT_EQ(event.context.destination(), "Editor");
  EXPECT_EQ(event.context.content_bytes(), 8U);
  EXPECT_TRUE(event.own_content);
  EXPECT_FALSE(event.report_only);
  EXPECT_EQ(::fcntl(event.content.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(ClipboardChannelTest, AWarningIsRefusedOnceAndPastedAgainGoesOn) {
  Start();
  const auto peer = Connect();
  EXPECT_EQ(peer->Paste("warn me").action(), v1::ACTION_WARN);
  EXPECT_FALSE(peer->Paste("warn me").pass());  // the same paste, asked for twice
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_FALSE(peer->Paste("warn of another").pass());
  EXPECT_TRUE(peer->Paste("warn me").pass());
  {
    const std::lock_guard lock(sink_.mutex);
    EXPECT_TRUE(sink_.events.back().report_only);
    EXPECT_EQ(sink_.events.back().context.operation(), "paste_again");
  }
  clock_.Advance(std::chrono::seconds(60));
  EXPECT_FALSE(peer->Paste("warn me").pass());
  // A new policy warns anew.
  clock_.Advance(std::chrono::seconds(5));
  channel_->ApplyPolicy(policy_);
  EXPECT_TRUE(peer->Receive().has_settings());
  EXPECT_FALSE(peer->Paste("warn me").pass());
}

TEST_F(ClipboardChannelTest, WhatWasNotReadGoesByThePolicysWordForIt) {
  Start();
  const auto peer = Connect();
  EXPECT_TRUE(peer->Unread(v1::UNSCANNED_REASON_TIMEOUT).pass());
  EXPECT_TRUE(peer->Unread(v1::UNSCANNED_REASON_CORRUPT).pass());
  EXPECT_FALSE(peer->Unread(v1::UNSCANNED_REASON_TOO_MANY).pass());  // the policy has no word
  EXPECT_FALSE(peer->Unread(v1::UNSCANNED_REASON_OVERSIZE, 0).pass());
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_TRUE(peer->Unread(v1::UNSCANNED_REASON_OVERSIZE, 0).pass());
  const std::lock_guard lock(sink_.mutex);
  EXPECT_TRUE(sink_.events.empty());
  ASSERT_EQ(sink_.refusals.size(), 4U);  // allowed needs no incident
  EXPECT_EQ(sink_.refusals[0].second.rule(), "timeout");
  EXPECT_TRUE(sink_.refusals[0].second.enforced());
  EXPECT_EQ(sink_.refusals[1].second.rule(), "too_many");
  EXPECT_EQ(sink_.refusals[1].second.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(sink_.refusals[1].second.basis(), v1::VERDICT_BASIS_UNSCANNED);
  EXPECT_EQ(sink_.refusals[2].first.operation(), "copy");
  EXPECT_EQ(sink_.refusals[3].first.operation(), "paste_again");
  EXPECT_FALSE(sink_.refusals[3].second.enforced());
}

TEST_F(ClipboardChannelTest, ReportOnlyLetsPassAndOffDoesNotAsk) {
  policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_REPORT_ONLY);
  Start();
  const auto peer = Connect();
  EXPECT_TRUE(peer->Paste("a secret").pass());
  EXPECT_TRUE(peer->Unread(v1::UNSCANNED_REASON_TOO_MANY).pass());
  {
    const std::lock_guard lock(sink_.mutex);
    EXPECT_TRUE(sink_.events.at(0).report_only);
    EXPECT_FALSE(sink_.refusals.at(0).second.enforced());
  }
  policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_OFF);
  channel_->ApplyPolicy(policy_);
  EXPECT_EQ(peer->Receive().settings().mode(), v1::CHANNEL_MODE_OFF);
  EXPECT_TRUE(peer->Paste("a secret").pass());
  const std::lock_guard lock(sink_.mutex);
  EXPECT_EQ(sink_.events.size(), 1U);
}

TEST_F(ClipboardChannelTest, SettingsSayWhatHoldsWithoutTheAgent) {
  Start();
  Peer peer(hub_.socket_path);
  peer.Hello();
  EXPECT_TRUE(peer.Receive().settings().pass_unjudged());  // timeout: report
  policy_.mutable_unscanned(0)->set_action(v1::ACTION_BLOCK);
  policy_.mutable_clipboard()->set_verdict_ms_max(1234);
  channel_->ApplyPolicy(policy_);
  const auto settings = peer.Receive().settings();
  EXPECT_FALSE(settings.pass_unjudged());
  EXPECT_EQ(settings.verdict_ms_max(), 1234U);
}

TEST_F(ClipboardChannelTest, QuestionsThatNoHonestSessionAsks) {
  Start();
  const auto bad = [&](const v1::PasteQuestion& question, int fd, const std::string& words) {
    const auto peer = Connect();
    v1::FromSession message;
    *message.mutable_question() = question;
    peer->Send(message, fd);
    ExpectRefused(*peer, words);
  };
  Peer any(hub_.socket_path);
  auto question = any.Question();
  bad(question, -1, "or neither");
  bad(question, Memory("x", false).get(), "can still be changed");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read(ends[0]);
  const UniqueFd write(ends[1]);
  bad(question, read.get(), "no regular file");
  question.set_reason(v1::UNSCANNED_REASON_TIMEOUT);
  bad(question, Memory("x").get(), "or neither");
  question = any.Question();
  question.set_target(std::string(5000, 'x'));
  bad(question, Memory("x").get(), "out of bounds");
  question = any.Question();
  question.set_requestor_pid(-1);
  bad(question, Memory("x").get(), "out of bounds");
  const std::lock_guard lock(sink_.mutex);
  EXPECT_TRUE(sink_.events.empty());
}

TEST_F(ClipboardChannelTest, FilesAreTakenAsTheyAre) {
  Start();
  const auto peer = Connect();
  ASSERT_TRUE(ReplaceFile(folder_ + "/plan.txt", "a secret", 0600).ok());
  const UniqueFd file(::open((folder_ + "/plan.txt").c_str(), O_RDONLY | O_CLOEXEC));
  auto question = peer->Question();
  question.set_file_name("plan.txt");
  EXPECT_FALSE(peer->Ask(question, file.get()).pass());
  const std::lock_guard lock(sink_.mutex);
  EXPECT_EQ(sink_.events.at(0).name, "plan.txt");
  EXPECT_FALSE(sink_.events.at(0).own_content);
}

TEST_F(ClipboardChannelTest, ConnectionsAndQuestionsAreBounded) {
  hub_.connections_per_user_max = 2;
  hub_.questions_max = 3;
  Start();
  const auto first = Connect();
  const auto second = Connect();
  Peer third(hub_.socket_path);
  EXPECT_THAT(third.Receive().refusal().why(), HasSubstr("too many"));
  v1::FromSession message;
  for (int i = 0; i < 3; ++i) {
    *message.mutable_question() = first->Question();
    first->Send(message, Memory("later").get());
  }
  EXPECT_FALSE(first->Paste("nothing").pass());
  EXPECT_TRUE(second->Paste("nothing").pass());
}

TEST_F(ClipboardChannelTest, StateFollowsTheSessions) {
  Start();
  EXPECT_EQ(channel_->State().coverage(), v1::COVERAGE_NOT_COVERED);
  EXPECT_THAT(channel_->State().why(), HasSubstr("does not run"));
  auto peer = Connect();
  EXPECT_THAT(channel_->State().why(), HasSubstr("starting"));
  peer->Guarding(true);
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_HEALED, "display :0"));
  EXPECT_EQ(channel_->State().coverage(), v1::COVERAGE_COVERED);
  EXPECT_EQ(channel_->State().guarded(), 1U);
  peer->Guarding(false);
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "X server has gone"));
  peer->Guarding(true);
  peer.reset();
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "shoumi-session has gone"));
  EXPECT_EQ(channel_->State().coverage(), v1::COVERAGE_NOT_COVERED);
}

TEST_F(ClipboardChannelTest, AnswersAfterTheEndGoNowhere) {
  Start();
  auto peer = Connect();
  v1::FromSession message;
  *message.mutable_question() = peer->Question();
  peer->Send(message, Memory("later").get());
  for (size_t n = 0; n == 0;) {
    const std::lock_guard lock(sink_.mutex);
    n = sink_.events.size();
  }
  channel_.reset();
  EXPECT_FALSE(std::filesystem::exists(hub_.socket_path));
  sink_.events[0].answer(v1::Verdict());
}

TEST_F(ClipboardChannelTest, WithoutSessionsThatCanReachTheAgentThereIsNoChannel) {
  SessionHub hub(hub_);
  ClipboardChannel channel(options_, hub, clock_);
  EXPECT_EQ(channel.Start(sink_).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ClipboardChannelTest, NothingIsGuardedOnceTheChannelHasStopped) {
  Start();
  const auto peer = Connect();
  EXPECT_FALSE(peer->Paste("a secret").pass());
  channel_->channel().Stop();
  EXPECT_EQ(peer->Receive().settings().mode(), v1::CHANNEL_MODE_OFF);
  EXPECT_TRUE(peer->Paste("a secret").pass());
}

}  // namespace
}  // namespace shoumi::agent::clipboard
