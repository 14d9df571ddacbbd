#include "agent/session/notify/notice_text.h"

#include <fmt/format.h>

namespace shoumi::session {
namespace {

std::string English(const v1::Notification& notification) {
  const std::string& program = notification.program_en();
  if (notification.action() == v1::ACTION_WARN) return "Paste again if this is meant to be";
  switch (notification.channel()) {
    case v1::CHANNEL_USB:
      return "Not copied to the removable device";
    case v1::CHANNEL_CLIPBOARD:
      return program.empty() ? "Not pasted" : fmt::format("Not pasted into {}", program);
    case v1::CHANNEL_ATTACHMENT:
      return program.empty() ? "A file was kept closed"
                             : fmt::format("A file was kept closed to {}", program);
    default:
      return "Kept from leaving";
  }
}

std::string Chinese(const v1::Notification& notification) {
  const std::string& program = notification.program_zh();
  if (notification.action() == v1::ACTION_WARN) return "如确需粘贴，请再次粘贴";
  switch (notification.channel()) {
    case v1::CHANNEL_USB:
      return "未复制到移动存储设备";
    case v1::CHANNEL_CLIPBOARD:
      return program.empty() ? "已阻止粘贴" : fmt::format("已阻止粘贴到“{}”", program);
    case v1::CHANNEL_ATTACHMENT:
      return program.empty() ? "已阻止打开文件" : fmt::format("已阻止“{}”打开文件", program);
    default:
      return "已阻止外发";
  }
}

void AddLine(std::string& body, std::string_view line) {
  if (line.empty()) return;
  if (!body.empty()) body += '\n';
  body += line;
}

}  // namespace

NoticeText TextOf(const v1::Notification& notification, bool chinese, bool can_act) {
  NoticeText text;
  text.summary = chinese ? Chinese(notification) : English(notification);
  AddLine(text.body, notification.content_name());
  AddLine(text.body, chinese ? fmt::format("规则：{}", notification.rule_title_zh())
                             : fmt::format("Rule: {}", notification.rule_title_en()));
  if (notification.action() == v1::ACTION_WARN) {
    AddLine(text.body,
            chinese ? fmt::format("{} 秒内再次粘贴即可继续，并会留下记录。", notification.warn_s())
                    : fmt::format("Pasting again within {} s goes on, and is recorded.",
                                  notification.warn_s()));
  }
  if (notification.repeats() > 0) {
    AddLine(text.body, chinese ? fmt::format("另有 {} 次", notification.repeats())
                               : fmt::format("and {} more times", notification.repeats()));
  }
  if (notification.action() == v1::ACTION_WARN) return text;
  if (can_act && notification.may_request()) {
    text.action = chinese ? "申请外发" : "Request release";
  } else {
    AddLine(text.body, chinese ? "如需外发，请用 shoumi request 申请。"
                               : "shoumi request asks for its release.");
  }
  return text;
}

NoticeText TextOf(const v1::ReleaseOutcome& outcome, bool chinese) {
  NoticeText text;
  if (!outcome.request_id().empty()) {
    text.summary = chinese ? "外发申请已记录" : "Release requested";
    text.body =
        fmt::format(fmt::runtime(chinese ? "申请编号 {}" : "Request {}"), outcome.request_id());
    return text;
  }
  text.summary = chinese ? "外发申请未提交" : "Release not requested";
  text.body = outcome.error();
  return text;
}

NoticeText TextWithoutForm(const std::string& incident_id, bool chinese) {
  NoticeText text;
  text.summary = chinese ? "请在终端中申请外发" : "Ask for release in a terminal";
  text.body = fmt::format(fmt::runtime(chinese ? "shoumi request 文件 --incident {} --to 收件人 "
                                                 "--reason 理由"
                                               : "shoumi request FILE --incident {} --to WHOM "
                                                 "--reason WHY"),
                          incident_id);
  return text;
}

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace shoumi::session
