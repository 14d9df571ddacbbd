#include "agent/session/link/agent_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <future>

#include "agent/channels/clipboard/testing/served_channel.h"
#include "agent/channels/clipboard/testing/word_sink.h"
#include "agent/inspect/wire/frame.h"

namespace shoumi::session {
namespace {

using agent::SessionHubOptions;
using agent::clipboard::ClipboardOptions;
using agent::clipboard::GraphicalSession;
using agent::clipboard::testing::ServedChannel;
using agent::clipboard::testing::WordSink;
using std::chrono::milliseconds;

std::shared_ptr<const StoredBytes> Stored(const std::string& text) {
  auto bytes = StoredBytes::Make().value();
  EXPECT_TRUE(bytes->Append(text).ok());
  EXPECT_TRUE(bytes->Seal().ok());
  return bytes;
}

Question Of(std::vector<Part> parts) {
  Question question;
  question.selection = "CLIPBOARD";
  question.requestor = ::getpid();
  question.parts = std::move(parts);
  return question;
}
Question OfText(const std::string& text) {
  return Of({{"UTF8_STRING", Stored(text), v1::UNSCANNED_REASON_UNSPECIFIED}});
}

// The link with the agent's real channel at the other end.
class AgentLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "link-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    policy_.set_default_action(v1::ACTION_ALLOW);
    policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
    SetTimeout(v1::ACTION_BLOCK);
    options_.socket_path = folder_ + "/socket";
    options_.agent_uid = ::getuid();
    options_.hello.set_protocol(1);
    options_.hello.set_uid(::getuid());
    options_.hello.set_display(":0");
    options_.hello.set_kind(v1::DISPLAY_KIND_X11);
    options_.retry_ms_min = milliseconds(20);
    options_.gone_ms_max = milliseconds(300);
  }
  void TearDown() override {
    link_.reset();
    channel_.reset();
    std::filesystem::remove_all(folder_);
  }
  void SetTimeout(v1::Action action) {
    policy_.clear_unscanned();
    policy_.add_unscanned()->set_reason(v1::UNSCANNED_REASON_TIMEOUT);
    policy_.mutable_unscanned(0)->set_action(action);
  }
  void StartAgent() {
    SessionHubOptions hub;
    ClipboardOptions options;
    hub.socket_path = options_.socket_path;
    options.sessions = [] { return std::vector<GraphicalSession>{{"1", ::getuid(), false, ":0"}}; };
    channel_ = std::make_unique<ServedChannel>(hub, options);
    ASSERT_TRUE(channel_->Start(sink_).ok());
    channel_->ApplyPolicy(policy_);
  }
  void StartLink() {
    AgentLinkHooks hooks;
    hooks.on_settings = [this](const v1::SessionSettings& settings) {
      const std::lock_guard lock(mutex_);
      settings_.push_back(settings);
    };
    hooks.on_notification = [this](const v1::Notification& notification) {
      const std::lock_guard lock(mutex_);
      notifications_.push_back(notification.id());
    };
    hooks.on_release = [this](const v1::ReleaseOutcome& outcome) {
      const std::lock_guard lock(mutex_);
      notifications_.push_back("outcome of " + outcome.id());
    };
    link_ = std::make_unique<AgentLink>(options_, std::move(hooks));
  }
  bool Until(const std::function<bool()>& holds) {
    for (int i = 0; i < 5000; ++i) {
      if (holds()) return true;
      ::usleep(1000);
    }
    return false;
  }
  bool Connected() {
    return Until([&] { return link_->connected(); });
  }
  std::future<bool> Ask(Question question) {
    auto answer = std::make_shared<std::promise<bool>>();
    link_->Ask(std::move(question), [answer](bool pass) { answer->set_value(pass); });
    return answer->get_future();
  }

  std::string folder_;
  v1::Policy policy_;
  WordSink sink_;
  AgentLinkOptions options_;
  std::unique_ptr<ServedChannel> channel_;
  std::unique_ptr<AgentLink> link_;
  std::mutex mutex_;
  std::vector<v1::SessionSettings> settings_;
  std::vector<std::string> notifications_;
};

TEST_F(AgentLinkTest, AsksPartByPartAndStopsAtTheFirstRefusal) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  EXPECT_TRUE(Ask(OfText("nothing")).get());
  EXPECT_FALSE(Ask(OfText("a secret")).get());
  const Part open{"COMPOUND_TEXT", Stored("open"), v1::UNSCANNED_REASON_UNSPECIFIED};
  const Part secret{"UTF8_STRING", Stored("secret"), v1::UNSCANNED_REASON_UNSPECIFIED};
  EXPECT_FALSE(Ask(Of({open, secret})).get());
  EXPECT_FALSE(Ask(Of({secret, open})).get());
  EXPECT_TRUE(Ask(Of({open, open})).get());
  EXPECT_FALSE(Ask(Of({{"image/png", nullptr, v1::UNSCANNED_REASON_OVERSIZE}})).get());
  const std::lock_guard lock(sink_.mutex);
  EXPECT_EQ(sink_.events.size(), 7U);
  EXPECT_EQ(sink_.refusals.size(), 1U);
}

TEST_F(AgentLinkTest, FilesThatAListNamesAreJudged) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  ASSERT_TRUE(ReplaceFile(folder_ + "/a.txt", "nothing", 0600).ok());
  ASSERT_TRUE(ReplaceFile(folder_ + "/b.txt", "a secret", 0600).ok());
  const auto list = [&](const std::string& text) {
    return Of({{"text/uri-list", Stored(text), v1::UNSCANNED_REASON_UNSPECIFIED}});
  };
  EXPECT_TRUE(Ask(list("file://" + folder_ + "/a.txt\r\n")).get());
  EXPECT_FALSE(Ask(list("file://" + folder_ + "/a.txt\r\nfile://" + folder_ + "/b.txt\r\n")).get());
  const std::lock_guard lock(sink_.mutex);
  EXPECT_EQ(sink_.events.back().name, "b.txt");
}

TEST_F(AgentLinkTest, ALongListIsOversize) {
  options_.list_bytes_max = 1000;
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  EXPECT_FALSE(Ask(Of({{"text/uri-list", Stored(std::string(1001, '\n')),
                        v1::UNSCANNED_REASON_UNSPECIFIED}}))
                   .get());
  const std::lock_guard lock(sink_.mutex);
  ASSERT_EQ(sink_.refusals.size(), 1U);
  EXPECT_EQ(sink_.refusals[0].second.rule(), "oversize");
}

TEST_F(AgentLinkTest, ComesBackToAnAgentThatComesBack) {
  StartAgent();
  StartLink();
  link_->SetState(true, "");
  EXPECT_TRUE(Until([&] { return channel_->State().coverage() == v1::COVERAGE_COVERED; }));
  channel_.reset();
  ASSERT_TRUE(Until([&] { return !link_->connected(); }));
  options_.gone_ms_max = milliseconds(5000);
  StartAgent();
  ASSERT_TRUE(Connected());
  EXPECT_TRUE(Until([&] { return channel_->State().coverage() == v1::COVERAGE_COVERED; }));
  EXPECT_FALSE(Ask(OfText("a secret")).get());
}

// An agent that greets, and then is killed.
void GreetOnce(const std::string& path, const v1::SessionSettings& settings,
               const std::function<bool()>& until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  v1::ToSession message;
  *message.mutable_settings() = settings;
  ASSERT_TRUE(inspect::SendFrame(peer.get(), message).ok());
  ASSERT_TRUE(until());
  ::unlink(path.c_str());
}

TEST_F(AgentLinkTest, WithoutAnAgentThePolicysWordForItHolds) {
  v1::SessionSettings settings;
  settings.set_mode(v1::CHANNEL_MODE_INSPECT);
  for (const bool pass : {false, true}) {
    settings.set_pass_unjudged(pass);
    StartLink();
    GreetOnce(options_.socket_path, settings, [&] { return Connected(); });
    ASSERT_TRUE(Until([&] { return !link_->connected(); }));
    EXPECT_EQ(Ask(OfText("nothing")).get(), pass);  // after a while
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Ask(OfText("nothing")).get(), pass);  // then at once
    EXPECT_LT(std::chrono::steady_clock::now() - start, options_.gone_ms_max);
  }
}

TEST_F(AgentLinkTest, AQuestionOutlivesTheDeathOfTheAgent) {
  options_.gone_ms_max = milliseconds(10'000);
  v1::SessionSettings settings;
  settings.set_mode(v1::CHANNEL_MODE_INSPECT);
  std::future<bool> before;
  StartLink();
  GreetOnce(options_.socket_path, settings, [&] {
    if (!Connected()) return false;
    before = Ask(OfText("nothing"));
    return true;
  });
  ASSERT_TRUE(Until([&] { return !link_->connected(); }));
  auto meanwhile = Ask(OfText("a secret"));
  StartAgent();
  EXPECT_TRUE(before.get());
  EXPECT_FALSE(meanwhile.get());
}

TEST_F(AgentLinkTest, WhatIsOpenAtTheEndIsRefused) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  auto answer = Ask(OfText("later"));
  link_.reset();
  EXPECT_FALSE(answer.get());
}

TEST_F(AgentLinkTest, AnAgentThatStopsInOrderLetsPass) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  channel_.reset();
  ASSERT_TRUE(Until([&] { return !link_->connected(); }));
  EXPECT_TRUE(Ask(OfText("a secret")).get());
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(settings_.back().mode(), v1::CHANNEL_MODE_OFF);
}

TEST_F(AgentLinkTest, AnAnswerThatNeverComesEndsByThatWord) {
  policy_.mutable_clipboard()->set_verdict_ms_max(100);
  options_.grace_ms_max = milliseconds(100);
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  EXPECT_FALSE(Ask(OfText("later")).get());
}

TEST_F(AgentLinkTest, NamesThatAreNoTextDisturbNobody) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  Question question = OfText("a secret");
  question.window_class = std::string(10'000, '\xff');
  question.parts[0].target = "\xc3(\n\x01";
  EXPECT_FALSE(Ask(std::move(question)).get());
  ASSERT_TRUE(ReplaceFile(folder_ + "/\xff.txt", "a secret", 0600).ok());
  EXPECT_FALSE(Ask(Of({{"text/uri-list", Stored("file://" + folder_ + "/%FF.txt"),
                        v1::UNSCANNED_REASON_UNSPECIFIED}}))
                   .get());
  EXPECT_TRUE(link_->connected());
  const std::lock_guard lock(sink_.mutex);
  ASSERT_EQ(sink_.events.size(), 3U);  // the list is content, too
  EXPECT_EQ(sink_.events[2].name, "\xff.txt");
  std::string bytes;
  EXPECT_TRUE(sink_.events[2].context.SerializeToString(&bytes));
  EXPECT_TRUE(v1::EventContext().ParseFromString(bytes));
}

TEST_F(AgentLinkTest, OpenQuestionsAreBounded) {
  options_.questions_max = 2;
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  const auto first = Ask(OfText("later"));
  const auto second = Ask(OfText("later"));
  EXPECT_FALSE(Ask(OfText("nothing")).get());
}

TEST_F(AgentLinkTest, NobodyElseIsTheAgent) {
  options_.agent_uid = ::getuid() + 1;
  StartAgent();
  StartLink();
  EXPECT_FALSE(Ask(OfText("nothing")).get());
  EXPECT_FALSE(link_->connected());
}

TEST_F(AgentLinkTest, ARefusalIsKept) {
  options_.hello.set_uid(::getuid() + 1);
  StartAgent();
  StartLink();
  EXPECT_TRUE(Until([&] { return link_->refusal().find("claims") != std::string::npos; }));
}

TEST_F(AgentLinkTest, SettingsAndReportsArrive) {
  StartAgent();
  StartLink();
  ASSERT_TRUE(Connected());
  policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_OFF);
  channel_->ApplyPolicy(policy_);
  EXPECT_TRUE(Until([&] {
    const std::lock_guard lock(mutex_);
    return settings_.size() == 2 && settings_[1].mode() == v1::CHANNEL_MODE_OFF;
  }));
  link_->Report("somebody takes it back");
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "somebody takes it back"));
}

TEST_F(AgentLinkTest, NotificationsAndWhatBecameOfThemGoBothWays) {
  StartAgent();
  StartLink();
  v1::NotificationResult result;
  result.set_id("one");
  result.set_outcome(v1::NotificationResult::OUTCOME_SHOWN);
  ASSERT_TRUE(Connected());
  std::promise<std::string> heard;
  channel_->hub().handlers().SetResults([&](uid_t, const v1::NotificationResult& got) {
    heard.set_value(got.id());
    return absl::OkStatus();
  });
  EXPECT_TRUE(link_->SendResult(result));
  auto id = heard.get_future();
  ASSERT_EQ(id.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(id.get(), "one");
  v1::ToSession message;
  message.mutable_notification()->set_id("two");
  EXPECT_EQ(channel_->hub().Tell(::getuid(), message), 1U);
  message.mutable_release()->set_id("two");
  EXPECT_EQ(channel_->hub().Tell(::getuid(), message), 1U);
  EXPECT_TRUE(Until([&] {
    const std::lock_guard lock(mutex_);
    return notifications_ == std::vector<std::string>{"two", "outcome of two"};
  }));
  channel_.reset();
  EXPECT_TRUE(Until([&] { return !link_->SendResult(result); }));
}

}  // namespace
}  // namespace shoumi::session
