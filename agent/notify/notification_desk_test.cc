#include "agent/notify/notification_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace shoumi::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr uid_t kUser = 1000;

v1::Incident Stopped(const std::string& id, const std::string& name = "plan.docx") {
  v1::Incident incident;
  incident.set_incident_id(id);
  incident.set_level(v1::LEVEL_SECRET);
  incident.add_findings()->set_rule("cn.resident_id");
  v1::EventContext& event = *incident.mutable_event();
  event.set_channel(v1::CHANNEL_ATTACHMENT);
  event.mutable_user()->set_uid(kUser);
  event.mutable_program()->set_app("wechat");
  event.mutable_program()->set_name("wechat-bin");
  event.set_content_name(name);
  event.set_content_sha256(std::string(64, 'a'));
  event.set_content_bytes(7);
  v1::Verdict& verdict = *incident.mutable_verdict();
  verdict.set_action(v1::ACTION_BLOCK);
  verdict.set_basis(v1::VERDICT_BASIS_RULE);
  verdict.set_rule("no-plans");
  verdict.set_title_zh("不得外发");
  verdict.set_title_en("Not for outside");
  verdict.set_enforced(true);
  return incident;
}

v1::NotificationResult Wanted(const std::string& id) {
  v1::NotificationResult result;
  result.set_id(id);
  result.set_outcome(v1::NotificationResult::OUTCOME_RELEASE_REQUESTED);
  result.set_recipient("client");
  result.set_reason("contract");
  return result;
}

class NotificationDeskTest : public ::testing::Test {
 protected:
  void Start() {
    NotificationSeams seams;
    seams.tell = [this](uid_t uid, const v1::ToSession& message) {
      const std::lock_guard lock(mutex_);
      told_.emplace_back(uid, message);
      came_.notify_all();
      return sessions_;
    };
    seams.request = [this](uid_t uid, v1::ReleaseRequest request) {
      std::unique_lock lock(mutex_);
      requests_.emplace_back(uid, std::move(request));
      came_.notify_all();
      came_.wait(lock, [this] { return !hold_; });
      return answer_;
    };
    desk_ = std::make_unique<NotificationDesk>(options_, std::move(seams), Clock::Real());
  }
  // The n-th message, from 0.
  v1::ToSession Told(size_t n) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, std::chrono::seconds(10), [&] { return told_.size() > n; }));
    return told_.size() > n ? told_[n].second : v1::ToSession();
  }
  size_t TellCount() {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }

  NotificationOptions options_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::pair<uid_t, v1::ToSession>> told_;
  std::vector<std::pair<uid_t, v1::ReleaseRequest>> requests_;
  size_t sessions_ = 1;
  bool hold_ = false;
  v1::ReleaseAnswer answer_;
  std::unique_ptr<NotificationDesk> desk_;
};

TEST_F(NotificationDeskTest, SaysWhatWasStoppedInThePolicysWords) {
  Start();
  v1::Policy policy;
  v1::App& app = *policy.add_apps();
  app.set_id("wechat");
  app.set_title_zh("微信");
  app.set_title_en("WeChat");
  desk_->ApplyPolicy(policy);
  desk_->OnStopped(Stopped("one"));
  const v1::Notification told = Told(0).notification();
  EXPECT_EQ(told.id(), "one");
  EXPECT_EQ(told.replaces(), "");
  EXPECT_EQ(told.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(told.channel(), v1::CHANNEL_ATTACHMENT);
  EXPECT_EQ(told.rule_title_zh(), "不得外发");
  EXPECT_EQ(told.rule_title_en(), "Not for outside");
  EXPECT_EQ(told.content_name(), "plan.docx");
  EXPECT_EQ(told.program_zh(), "微信");
  EXPECT_EQ(told.program_en(), "WeChat");
  EXPECT_TRUE(told.may_request());
  EXPECT_EQ(told_[0].first, kUser);
}

TEST_F(NotificationDeskTest, WhatIsNoRuleHasWordsToo) {
  Start();
  v1::Incident incident = Stopped("one");
  incident.mutable_verdict()->clear_title_zh();
  incident.mutable_verdict()->clear_title_en();
  incident.mutable_verdict()->set_basis(v1::VERDICT_BASIS_UNSCANNED);
  incident.mutable_verdict()->set_rule("encrypted");
  incident.mutable_event()->clear_content_sha256();
  incident.mutable_event()->mutable_program()->clear_app();
  desk_->OnStopped(incident);
  const v1::Notification told = Told(0).notification();
  EXPECT_THAT(told.rule_title_en(), HasSubstr("Encrypted"));
  EXPECT_THAT(told.rule_title_zh(), HasSubstr("加密"));
  EXPECT_EQ(told.program_en(), "wechat-bin");
  EXPECT_FALSE(told.may_request());
}

TEST_F(NotificationDeskTest, OnlyPastingGoesOnAfterAWarning) {
  Start();
  v1::Incident incident = Stopped("one");
  incident.mutable_verdict()->set_action(v1::ACTION_WARN);
  desk_->OnStopped(incident);
  EXPECT_EQ(Told(0).notification().action(), v1::ACTION_BLOCK);
  EXPECT_EQ(Told(0).notification().warn_s(), 0U);
  incident.mutable_event()->set_channel(v1::CHANNEL_CLIPBOARD);
  desk_->OnStopped(incident);
  EXPECT_EQ(Told(1).notification().action(), v1::ACTION_WARN);
  EXPECT_EQ(Told(1).notification().warn_s(), 60U);
}

TEST_F(NotificationDeskTest, TwentyOfAKindAreOneInOnePlace) {
  options_.update_ms_min = milliseconds(50);
  Start();
  for (int i = 0; i < 20; ++i) {
    desk_->OnStopped(Stopped("id" + std::to_string(i), "picture" + std::to_string(i)));
  }
  std::string shown = Told(0).notification().id();
  EXPECT_EQ(shown, "id0");
  // Whatever was sent on the way, each took the place of the one before; the last is there at last.
  for (size_t n = 1;; ++n) {
    const v1::Notification told = Told(n).notification();
    ASSERT_FALSE(told.id().empty());
    EXPECT_EQ(told.replaces(), shown);
    shown = told.id();
    if (told.repeats() < 19) continue;
    EXPECT_EQ(told.content_name(), "picture19");
    break;
  }
  EXPECT_LE(TellCount(), 4U);
  EXPECT_EQ(desk_->Counters().at("notifications_folded"), 19U);
}

TEST_F(NotificationDeskTest, AnotherRuleUserOrProgramIsAnotherKind) {
  Start();
  desk_->OnStopped(Stopped("one"));
  v1::Incident rule = Stopped("two");
  rule.mutable_verdict()->set_rule("another");
  desk_->OnStopped(rule);
  v1::Incident user = Stopped("three");
  user.mutable_event()->mutable_user()->set_uid(kUser + 1);
  desk_->OnStopped(user);
  v1::Incident program = Stopped("four");
  program.mutable_event()->mutable_program()->set_app("qq");
  desk_->OnStopped(program);
  EXPECT_EQ(TellCount(), 4U);
  EXPECT_EQ(told_[2].first, kUser + 1);
}

TEST_F(NotificationDeskTest, LaterItIsToldOfAnew) {
  options_.fold_ms = milliseconds(0);
  Start();
  desk_->OnStopped(Stopped("one"));
  desk_->OnStopped(Stopped("two"));
  EXPECT_EQ(Told(1).notification().replaces(), "");
  EXPECT_EQ(Told(1).notification().repeats(), 0U);
}

TEST_F(NotificationDeskTest, CountsWhatNobodyCouldSee) {
  sessions_ = 0;
  Start();
  desk_->OnStopped(Stopped("one"));
  EXPECT_EQ(desk_->Counters().at("notifications_without_session"), 1U);
  v1::NotificationResult result;
  result.set_id("one");
  result.set_outcome(v1::NotificationResult::OUTCOME_NOT_SHOWN);
  EXPECT_TRUE(desk_->OnResult(kUser, result).ok());
  result.set_outcome(v1::NotificationResult::OUTCOME_SHOWN);
  EXPECT_TRUE(desk_->OnResult(kUser, result).ok());
  EXPECT_EQ(desk_->Counters().at("notifications_not_shown"), 1U);
  EXPECT_EQ(desk_->Counters().at("notifications_shown"), 1U);
}

TEST_F(NotificationDeskTest, ReleaseIsAskedForWithAllThatIsKnown) {
  answer_.set_request_id("request");
  Start();
  desk_->OnStopped(Stopped("one"));
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  const v1::ReleaseOutcome outcome = Told(1).release();
  EXPECT_EQ(outcome.id(), "one");
  EXPECT_EQ(outcome.request_id(), "request");
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].first, kUser);
  const v1::ReleaseRequest& request = requests_[0].second;
  EXPECT_EQ(request.incident_id(), "one");
  EXPECT_EQ(request.content_name(), "plan.docx");
  EXPECT_EQ(request.content_sha256(), std::string(64, 'a'));
  EXPECT_EQ(request.content_bytes(), 7U);
  EXPECT_EQ(request.channel(), v1::CHANNEL_ATTACHMENT);
  EXPECT_EQ(request.level(), v1::LEVEL_SECRET);
  EXPECT_EQ(request.findings_size(), 1);
  EXPECT_EQ(request.recipient(), "client");
  EXPECT_EQ(request.reason(), "contract");
  // Once.
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  EXPECT_THAT(Told(2).release().error(), HasSubstr("already"));
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(NotificationDeskTest, ARefusedRequestCanBeMadeAgain) {
  answer_.set_error("no room");
  Start();
  desk_->OnStopped(Stopped("one"));
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  EXPECT_EQ(Told(1).release().error(), "no room");
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  EXPECT_EQ(Told(2).release().error(), "no room");
}

TEST_F(NotificationDeskTest, NobodyAsksInAnothersName) {
  Start();
  desk_->OnStopped(Stopped("one"));
  EXPECT_EQ(desk_->OnResult(kUser + 1, Wanted("one")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(desk_->OnResult(kUser, v1::NotificationResult()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TellCount(), 1U);
}

TEST_F(NotificationDeskTest, ItsBoundsHold) {
  options_.remembered_max = 2;
  options_.requests_max = 1;
  options_.kinds_max = 2;
  hold_ = true;
  answer_.set_request_id("request");
  Start();
  for (const char* id : {"one", "two", "three"}) {
    v1::Incident incident = Stopped(id);
    incident.mutable_verdict()->set_rule(id);
    desk_->OnStopped(incident);
  }
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  EXPECT_THAT(Told(3).release().error(), HasSubstr("too long ago"));
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("two")).ok());
  {
    // The first is being filed.
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        came_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() == 1; }));
  }
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("three")).ok());  // waits
  v1::Incident fourth = Stopped("four");
  fourth.mutable_verdict()->set_rule("four");
  desk_->OnStopped(fourth);
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("four")).ok());
  EXPECT_THAT(Told(5).release().error(), HasSubstr("too many"));
  // The kind that was forgotten is told of anew.
  v1::Incident again = Stopped("five");
  again.mutable_verdict()->set_rule("one");
  desk_->OnStopped(again);
  EXPECT_EQ(Told(6).notification().repeats(), 0U);
  const std::lock_guard lock(mutex_);
  hold_ = false;
  came_.notify_all();
}

TEST_F(NotificationDeskTest, MemoryOfContentIsBoundedInBytes) {
  options_.remembered_bytes_max = 10;
  Start();
  desk_->OnStopped(Stopped("one"));
  ASSERT_TRUE(desk_->OnResult(kUser, Wanted("one")).ok());
  EXPECT_THAT(Told(1).release().error(), HasSubstr("too long ago"));
}

}  // namespace
}  // namespace shoumi::agent
