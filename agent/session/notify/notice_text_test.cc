#include "agent/session/notify/notice_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Notification Blocked(v1::Channel channel) {
  v1::Notification notification;
  notification.set_id("7c0f");
  notification.set_action(v1::ACTION_BLOCK);
  notification.set_channel(channel);
  notification.set_rule_title_zh("客户名单不得外发");
  notification.set_rule_title_en("No client lists");
  notification.set_content_name("名单.xlsx");
  notification.set_program_zh("微信");
  notification.set_program_en("WeChat");
  notification.set_may_request(true);
  return notification;
}

TEST(NoticeText, SaysWhatWasStoppedAndByWhichRule) {
  const NoticeText english = TextOf(Blocked(v1::CHANNEL_ATTACHMENT), false, true);
  EXPECT_EQ(english.summary, "A file was kept closed to WeChat");
  EXPECT_EQ(english.body, "名单.xlsx\nRule: No client lists");
  EXPECT_EQ(english.action, "Request release");
  const NoticeText chinese = TextOf(Blocked(v1::CHANNEL_CLIPBOARD), true, true);
  EXPECT_EQ(chinese.summary, "已阻止粘贴到“微信”");
  EXPECT_EQ(chinese.body, "名单.xlsx\n规则：客户名单不得外发");
  EXPECT_EQ(chinese.action, "申请外发");
}

TEST(NoticeText, EachChannelHasWordsWithAndWithoutAProgram) {
  for (const v1::Channel channel :
       {v1::CHANNEL_USB, v1::CHANNEL_CLIPBOARD, v1::CHANNEL_ATTACHMENT, v1::CHANNEL_MAIL}) {
    v1::Notification notification = Blocked(channel);
    notification.clear_program_zh();
    notification.clear_program_en();
    for (const bool chinese : {false, true}) {
      const NoticeText text = TextOf(notification, chinese, true);
      EXPECT_FALSE(text.summary.empty());
      EXPECT_THAT(text.summary, Not(HasSubstr("“”")));
      EXPECT_NE(text.summary.back(), ' ');
    }
  }
}

TEST(NoticeText, AWarningSaysHowToGoOnAndIsNotReleased) {
  v1::Notification notification = Blocked(v1::CHANNEL_CLIPBOARD);
  notification.set_action(v1::ACTION_WARN);
  notification.set_warn_s(30);
  const NoticeText english = TextOf(notification, false, true);
  EXPECT_THAT(english.body, HasSubstr("within 30 s"));
  EXPECT_EQ(english.action, "");
  EXPECT_THAT(TextOf(notification, true, true).body, HasSubstr("30 秒"));
}

TEST(NoticeText, WhereNothingCanBeChosenTheCommandIsNamed) {
  EXPECT_THAT(TextOf(Blocked(v1::CHANNEL_USB), false, false).body, HasSubstr("shoumi request"));
  v1::Notification notification = Blocked(v1::CHANNEL_USB);
  notification.set_may_request(false);
  const NoticeText text = TextOf(notification, true, true);
  EXPECT_EQ(text.action, "");
  EXPECT_THAT(text.body, HasSubstr("shoumi request"));
}

TEST(NoticeText, ManyOfAKindAreCounted) {
  v1::Notification notification = Blocked(v1::CHANNEL_ATTACHMENT);
  notification.set_repeats(19);
  EXPECT_THAT(TextOf(notification, false, true).body, HasSubstr("19 more"));
  EXPECT_THAT(TextOf(notification, true, true).body, HasSubstr("19 次"));
}

TEST(NoticeText, Outcomes) {
  v1::ReleaseOutcome outcome;
  outcome.set_request_id("a1");
  EXPECT_THAT(TextOf(outcome, false).body, HasSubstr("a1"));
  outcome.clear_request_id();
  outcome.set_error("too many requests");
  EXPECT_EQ(TextOf(outcome, false).body, "too many requests");
  EXPECT_NE(TextOf(outcome, true).summary, TextOf(outcome, false).summary);
  EXPECT_THAT(TextWithoutForm("7c0f", false).body, HasSubstr("--incident 7c0f"));
  EXPECT_THAT(TextWithoutForm("7c0f", true).body, HasSubstr("--incident 7c0f"));
}

TEST(NoticeText, MarkupOfStrangersIsText) {
  EXPECT_EQ(Escaped("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
}

}  // namespace
}  // namespace shoumi::session
