#include "agent/session/notify/desktop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>

#include "agent/session/notify/testing/notification_service.h"

namespace shoumi::session {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::NotificationService;
using testing::SessionBus;

v1::Notification Blocked(const std::string& id) {
  v1::Notification notification;
  notification.set_id(id);
  notification.set_action(v1::ACTION_BLOCK);
  notification.set_channel(v1::CHANNEL_USB);
  notification.set_rule_title_en("No <lists>");
  notification.set_content_name("plan & list.txt");
  notification.set_may_request(true);
  return notification;
}

class DesktopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bus_ = SessionBus::Start();
    if (!bus_) GTEST_SKIP() << "dbus-daemon is not installed";
    folder_ = ::testing::TempDir() + "desktop-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    options_.bus = bus_->address();
    options_.form.programs = {folder_ + "/zenity"};
  }
  void TearDown() override {
    desktop_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  void StartService(std::vector<std::string> capabilities = {"actions", "body", "body-markup"}) {
    service_ = std::make_unique<NotificationService>(bus_->address(), std::move(capabilities));
  }
  void Start() {
    desktop_ = std::make_unique<Desktop>(options_, [this](const v1::NotificationResult& result) {
      const std::lock_guard lock(mutex_);
      results_.push_back(result);
      came_.notify_all();
      return reachable_;
    });
  }
  void InstallForm(const std::string& script) {
    ASSERT_TRUE(ReplaceFile(folder_ + "/zenity", "#!/bin/sh\n" + script, 0755).ok());
  }
  v1::NotificationResult Result(size_t n) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        came_.wait_for(lock, std::chrono::seconds(20), [&] { return results_.size() > n; }));
    return results_.size() > n ? results_[n] : v1::NotificationResult();
  }

  std::string folder_;
  std::unique_ptr<SessionBus> bus_;
  std::unique_ptr<NotificationService> service_;
  DesktopOptions options_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<v1::NotificationResult> results_;
  bool reachable_ = true;
  std::unique_ptr<Desktop> desktop_;
};

TEST_F(DesktopTest, ShowsAndSaysThatItDid) {
  StartService();
  Start();
  desktop_->Show(Blocked("one"));
  const auto shown = service_->Shown(0);
  EXPECT_EQ(shown.summary, "Not copied to the removable device");
  EXPECT_THAT(shown.body, HasSubstr("plan &amp; list.txt"));
  EXPECT_THAT(shown.body, HasSubstr("No &lt;lists&gt;"));
  EXPECT_THAT(shown.actions, ElementsAre("request", "Request release"));
  EXPECT_EQ(Result(0).id(), "one");
  EXPECT_EQ(Result(0).outcome(), v1::NotificationResult::OUTCOME_SHOWN);
}

TEST_F(DesktopTest, WithoutMarkupOrButtonsItIsPlainTextWithTheCommand) {
  StartService({"body"});
  Start();
  desktop_->Show(Blocked("one"));
  const auto shown = service_->Shown(0);
  EXPECT_THAT(shown.body, HasSubstr("plan & list.txt"));
  EXPECT_THAT(shown.body, HasSubstr("shoumi request"));
  EXPECT_TRUE(shown.actions.empty());
}

TEST_F(DesktopTest, TakesThePlaceOfTheOneBeforeWhileThatIsOpen) {
  StartService();
  Start();
  desktop_->Show(Blocked("one"));
  ASSERT_EQ(service_->Shown(0).replaces, 0U);
  v1::Notification second = Blocked("two");
  second.set_replaces("one");
  desktop_->Show(second);
  EXPECT_EQ(service_->Shown(1).replaces, 1U);
  Result(1);
  service_->Close(1);
  // Its end is heard of now or with the next one; then each has a place of its own.
  std::string before = "two";
  for (size_t n = 2; n < 1000; ++n) {
    v1::Notification next = Blocked("id" + std::to_string(n));
    next.set_replaces(before);
    desktop_->Show(next);
    if (service_->Shown(n).replaces == 0) return;
    before = next.id();
  }
  ADD_FAILURE();
}

TEST_F(DesktopTest, TheButtonOpensTheFormAndWhatIsWrittenIsSent) {
  InstallForm("printf 'client\\037contract\\n'");
  StartService();
  Start();
  desktop_->Show(Blocked("one"));
  Result(0);
  service_->Choose(1, "default");
  service_->Choose(99, "request");
  service_->Choose(1, "request");
  const auto result = Result(1);
  EXPECT_EQ(result.outcome(), v1::NotificationResult::OUTCOME_RELEASE_REQUESTED);
  EXPECT_EQ(result.id(), "one");
  EXPECT_EQ(result.recipient(), "client");
  EXPECT_EQ(result.reason(), "contract");
  v1::ReleaseOutcome outcome;
  outcome.set_request_id("a1b2");
  desktop_->Show(outcome);
  EXPECT_THAT(service_->Shown(1).body, HasSubstr("a1b2"));
}

TEST_F(DesktopTest, WhereNoFormCanBeShownTheCommandIs) {
  StartService();
  Start();
  desktop_->Show(Blocked("one"));
  Result(0);
  service_->Choose(1, "request");
  EXPECT_THAT(service_->Shown(1).body, HasSubstr("--incident one"));
}

TEST_F(DesktopTest, AnAgentThatCannotBeToldIsSaid) {
  InstallForm("printf 'client\\037contract\\n'");
  StartService();
  Start();
  reachable_ = false;
  desktop_->Show(Blocked("one"));
  Result(0);
  service_->Choose(1, "request");
  EXPECT_THAT(service_->Shown(1).body, HasSubstr("cannot be reached"));
}

TEST_F(DesktopTest, WithoutAServiceItIsSaidAndLaterOnesAreShown) {
  Start();
  desktop_->Show(Blocked("one"));
  EXPECT_EQ(Result(0).outcome(), v1::NotificationResult::OUTCOME_NOT_SHOWN);
  EXPECT_THAT(Result(0).why(), HasSubstr("notification service"));
  StartService();
  desktop_->Show(Blocked("two"));
  EXPECT_EQ(Result(1).outcome(), v1::NotificationResult::OUTCOME_SHOWN);
}

TEST_F(DesktopTest, AServiceThatHangsIsGivenUpAndTheQueueIsBounded) {
  options_.call_ms_max = milliseconds(300);
  options_.waiting_max = 1;
  StartService();
  service_->Hang();
  Start();
  for (int i = 0; i < 5; ++i) desktop_->Show(Blocked("id" + std::to_string(i)));
  bool full = false;
  bool gave_up = false;
  for (size_t n = 0; n < 5; ++n) {
    const auto result = Result(n);
    EXPECT_EQ(result.outcome(), v1::NotificationResult::OUTCOME_NOT_SHOWN);
    full |= result.why().find("too many") != std::string::npos;
    gave_up |= result.why().find("notification service") != std::string::npos;
  }
  EXPECT_TRUE(full);
  EXPECT_TRUE(gave_up);
}

TEST_F(DesktopTest, EndsWhileAFormIsOpen) {
  InstallForm("touch \"$0.open\"; exec sleep 600");
  StartService();
  Start();
  desktop_->Show(Blocked("one"));
  Result(0);
  service_->Choose(1, "request");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!std::filesystem::exists(folder_ + "/zenity.open")) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    ::usleep(1000);
  }
  desktop_.reset();
}

}  // namespace
}  // namespace shoumi::session
