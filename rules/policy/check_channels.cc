#include <algorithm>

#include "fmt/format.h"
#include "rules/policy/check.h"
#include "rules/policy/names.h"

namespace shoumi::rules {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr std::string_view kClassPrefix = "class:";

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

void CheckMode(v1::ChannelMode mode, uint32_t verdict_ms_max, const std::string& path,
               Problems& problems) {
  if (Name(mode).empty()) {
    problems.Error("Y106", path + ".mode", "no known mode (off, report_only, inspect)");
  }
  if (verdict_ms_max < kVerdictMsMin || verdict_ms_max > kVerdictMsMax) {
    problems.Error(
        "Y107", path + ".verdict_ms_max",
        fmt::format("{} is outside {} to {} ms", verdict_ms_max, kVerdictMsMin, kVerdictMsMax));
  }
}

}  // namespace

ProgramName ReadProgramName(std::string_view text) {
  if (!text.starts_with(kClassPrefix)) {
    return IsName(text) ? ProgramName{text, {}} : ProgramName{};
  }
  text.remove_prefix(kClassPrefix.size());
  return IsName(text) ? ProgramName{{}, text} : ProgramName{};
}

void CheckProgram(const std::string& text, const std::string& path, Problems& problems) {
  const ProgramName name = ReadProgramName(text);
  if (name.app.empty() && name.app_class.empty()) {
    problems.Error(
        "Y124", path,
        fmt::format("'{}' is no app's id and no \"class:NAME\": both are made of a-z 0-9 "
                    "_ - .",
                    text));
  }
}

void CheckChannels(const v1::Policy& policy, Problems& problems) {
  if (policy.has_attachments()) {
    const v1::AttachmentPolicy& attachments = policy.attachments();
    CheckMode(attachments.mode(), attachments.verdict_ms_max(), "attachments", problems);
    if (attachments.classes().empty() && attachments.mode() != v1::CHANNEL_MODE_OFF) {
      problems.Error("Y103", "attachments.classes",
                     "no class of programs: nothing would be watched");
    }
    for (int i = 0; i < attachments.classes_size(); ++i) {
      if (IsName(attachments.classes(i))) continue;
      problems.Error("Y124", fmt::format("attachments.classes[{}]", i),
                     "a class is made of a-z 0-9 _ - .");
    }
  }
  if (!policy.has_clipboard()) return;
  const v1::ClipboardPolicy& clipboard = policy.clipboard();
  CheckMode(clipboard.mode(), clipboard.verdict_ms_max(), "clipboard", problems);
  if (clipboard.warn_s() < kWarnSecondsMin || clipboard.warn_s() > kWarnSecondsMax) {
    problems.Error("Y107", "clipboard.warn_s",
                   fmt::format("{} is outside {} to {} s", clipboard.warn_s(), kWarnSecondsMin,
                               kWarnSecondsMax));
  }
}

}  // namespace shoumi::rules
