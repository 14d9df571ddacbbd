#include "common/terminal/words.h"

#include <algorithm>
#include <utility>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi {
namespace {

using Translation = std::pair<std::string_view, std::string_view>;

constexpr Translation kWords[] = {
    {"allow", "放行"}, {"report", "记录"},      {"warn", "警告"},       {"block", "阻止"},
    {"low", "低"},     {"medium", "中"},        {"high", "高"},         {"critical", "严重"},
    {"none", "无"},    {"secret", "机密"},      {"top_secret", "绝密"}, {"confidential", "秘密"},
    {"usb", "USB"},    {"clipboard", "剪贴板"}, {"attachment", "附件"}, {"mail", "邮件"},
};

constexpr Translation kDetails[] = {
    {"this version does not watch it", "此版本不监控"},
    {"switched off in the agent's configuration", "已在代理配置中关闭"},
    {"not started", "未启动"},
    {"not mounted, and not read-only until it is: its file system cannot be sealed",
     "未挂载，且挂载之前并非只读：其文件系统无法封存"},
    {"a stick that is not mounted can be written to past the guard",
     "有未挂载的移动存储可绕过防护写入"},
    {"starting", "正在启动"},
    {"other requests are being looked at; ask again", "正在处理其他申请；请稍后重试"},
    {"no policy is in force yet; ask again when there is one",
     "尚无生效的策略；请在策略生效后重试"},
    {"the agent has no room to keep it; ask again when it is connected",
     "代理没有空间保存该申请；请在联网后重试"},
    {"it took too long; ask again", "耗时过长；请重试"},
    {"the agent is stopping; ask again", "代理正在停止；请重试"},
    {"not connected yet", "尚未连接"},
    {"this workstation is not enrolled; see shoumi-agent enrol --help",
     "本机尚未注册；参见 shoumi-agent enrol --help"},
};

template <size_t kSize>
std::string InChinese(const Translation (&translations)[kSize], std::string_view english) {
  const auto* const found =
      std::find_if(std::begin(translations), std::end(translations),
                   [&](const Translation& one) { return one.first == english; });
  return std::string(found == std::end(translations) || !SpeaksChinese() ? english : found->second);
}

}  // namespace

const char* LevelText(v1::Level level) {
  switch (level) {
    case v1::LEVEL_CONFIDENTIAL:
      return Say("confidential", "秘密");
    case v1::LEVEL_SECRET:
      return Say("secret", "机密");
    case v1::LEVEL_TOP_SECRET:
      return Say("top secret", "绝密");
    default:
      return "";
  }
}

const char* ReasonText(v1::UnscannedReason reason) {
  switch (reason) {
    case v1::UNSCANNED_REASON_ENCRYPTED:
      return Say("encrypted", "已加密");
    case v1::UNSCANNED_REASON_CORRUPT:
      return Say("corrupt", "已损坏");
    case v1::UNSCANNED_REASON_OVERSIZE:
      return Say("too large", "过大");
    case v1::UNSCANNED_REASON_TOO_DEEP:
      return Say("nested too deep", "嵌套过深");
    case v1::UNSCANNED_REASON_TOO_MANY:
      return Say("too many entries", "条目过多");
    case v1::UNSCANNED_REASON_TIMEOUT:
      return Say("out of time", "超时");
    case v1::UNSCANNED_REASON_UNSUPPORTED:
      return Say("format not supported", "格式不支持");
    case v1::UNSCANNED_REASON_CRASHED:
      return Say("inspection crashed", "检查进程崩溃");
    case v1::UNSCANNED_REASON_OVERLOADED:
      return Say("no inspector was free", "检查进程繁忙");
    default:
      return Say("partly inspected", "部分未检查");
  }
}

const char* CoverageText(v1::Coverage coverage) {
  if (coverage == v1::COVERAGE_COVERED) return Say("watched", "已监控");
  if (coverage == v1::COVERAGE_PARTIAL) return Say("partly watched", "部分监控");
  return Say("not watched", "未监控");
}

const char* ModeText(v1::UsbMode mode) {
  switch (mode) {
    case v1::USB_MODE_INSPECT:
      return Say("files are inspected", "写入的文件会被检查");
    case v1::USB_MODE_REPORT_ONLY:
      return Say("inspected, only reported", "仅检查并记录");
    case v1::USB_MODE_READ_ONLY:
      return Say("read-only", "只读");
    case v1::USB_MODE_DENY:
      return Say("denied", "禁止使用");
    case v1::USB_MODE_ALLOW:
      return Say("allowed, not inspected", "允许，不检查");
    default:
      return Say("unknown", "未知");
  }
}

std::string DocumentText(const v1::RegisteredDocument& document) {
  const std::string title =
      document.title().empty() ? "" : fmt::format(" {}", Printable(document.title()));
  return fmt::format(
      fmt::runtime(Say("{} {}{}: {} units in common, {}.{} % of it, {}.{} % of this document",
                       "{} {}{}：相同 {} 字词，占其 {}.{} %，占本文 {}.{} %")),
      Printable(document.collection()), document.number(), title, document.units(),
      document.permille_of_registered() / 10, document.permille_of_registered() % 10,
      document.permille_of_inspected() / 10, document.permille_of_inspected() % 10);
}

std::string WordText(std::string_view word) {
  return InChinese(kWords, word);
}

std::string DetailText(std::string_view detail) {
  return InChinese(kDetails, detail);
}

std::string Counted(uint64_t count, const char* one, const char* many, const char* chinese) {
  return fmt::format("{} {}", count, Say(count == 1 ? one : many, chinese));
}

}  // namespace shoumi
