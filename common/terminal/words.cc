#include "common/terminal/words.h"

#include "common/terminal/language.h"

namespace shoumi {

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

}  // namespace shoumi
