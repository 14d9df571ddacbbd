#include "rules/policy/names.h"

#include "fmt/format.h"

namespace shoumi::rules {

const std::vector<v1::UnscannedReason>& UnscannedReasons() {
  static const auto* const reasons = [] {
    auto* all = new std::vector<v1::UnscannedReason>;
    for (const auto& entry : kUnscannedReasons) all->push_back(entry.value);
    return all;
  }();
  return *reasons;
}

std::string_view Name(v1::UnscannedReason reason) {
  return NameIn<v1::UnscannedReason>(kUnscannedReasons, reason);
}
std::string_view Name(v1::Action action) {
  return NameIn<v1::Action>(kActions, action);
}
std::string_view Name(v1::Severity severity) {
  return NameIn<v1::Severity>(kSeverities, severity);
}
std::string_view Name(v1::Channel channel) {
  return NameIn<v1::Channel>(kChannels, channel);
}
std::string_view Name(v1::UsbMode mode) {
  return NameIn<v1::UsbMode>(kUsbModes, mode);
}
std::string_view Name(v1::ChannelMode mode) {
  return NameIn<v1::ChannelMode>(kChannelModes, mode);
}
std::string_view Name(v1::Level level) {
  return NameIn<v1::Level>(kLevels, level);
}

std::string DurationName(uint32_t minutes) {
  if (minutes % (24 * 60) == 0) return fmt::format("{}d", minutes / (24 * 60));
  if (minutes % 60 == 0) return fmt::format("{}h", minutes / 60);
  return fmt::format("{}m", minutes);
}

bool DetectorMatches(std::string_view pattern, std::string_view id) {
  if (pattern == "*") return true;
  if (pattern.ends_with(".*")) return id.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == id;
}

bool HasError(const std::vector<v1::PackProblem>& problems) {
  for (const auto& problem : problems) {
    if (problem.severity() != v1::PackProblem::SEVERITY_WARNING) return true;
  }
  return false;
}

std::string FormatProblem(const v1::PackProblem& problem) {
  const std::string_view kind =
      problem.severity() == v1::PackProblem::SEVERITY_WARNING ? "warning" : "error";
  std::string place = problem.file();
  if (problem.line() > 0) place += fmt::format(":{}", problem.line());
  if (!place.empty()) place += ": ";
  return fmt::format("{}{} {}: {}", place, kind, problem.code(), problem.message());
}

}  // namespace shoumi::rules
