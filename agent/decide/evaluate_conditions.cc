#include <fnmatch.h>

#include <algorithm>

#include "agent/decide/evaluate.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

constexpr uint32_t kMinutesPerDay = 24 * 60;

bool Fits(std::string_view pattern, std::string_view value) {
  return pattern == "*" || pattern == value;
}

// "vendor:product:serial"; a serial number may hold colons.
bool MatchesDevice(std::string_view pattern, const v1::Device& device) {
  const size_t first = pattern.find(':');
  if (first == std::string_view::npos) return false;
  const size_t second = pattern.find(':', first + 1);
  if (second == std::string_view::npos) return false;
  return Fits(pattern.substr(0, first), device.vendor_id()) &&
         Fits(pattern.substr(first + 1, second - first - 1), device.product_id()) &&
         Fits(pattern.substr(second + 1), device.serial());
}

bool OnDay(const v1::TimeWindow& window, uint32_t weekday) {
  return window.weekdays().empty() ||
         std::ranges::find(window.weekdays(), weekday) != window.weekdays().end();
}

// A window over midnight belongs to the day on which it starts.
bool InWindow(const v1::TimeWindow& window, LocalTime now) {
  const uint32_t start = window.start_minute();
  const uint32_t end = window.end_minute();
  if (start < end) return OnDay(window, now.weekday) && now.minute >= start && now.minute < end;
  if (now.minute >= start && now.minute < kMinutesPerDay) return OnDay(window, now.weekday);
  const uint32_t yesterday = now.weekday <= 1 ? 7 : now.weekday - 1;
  return now.minute < end && OnDay(window, yesterday);
}

bool IsProgram(std::string_view text, const v1::Program& program) {
  const rules::ProgramName name = rules::ReadProgramName(text);
  if (!name.app.empty()) return name.app == program.app();
  const auto& classes = program.app_classes();
  return !name.app_class.empty() &&
         std::find(classes.begin(), classes.end(), name.app_class) != classes.end();
}

// Whoever hides would pass over rules that name programs.
bool Unknown(const v1::EventContext& context, const v1::Program& program) {
  return context.channel() == v1::CHANNEL_CLIPBOARD && program.executable().empty() &&
         program.app().empty() && program.app_classes().empty() && program.name().empty();
}

template <typename List, typename Predicate>
bool None(const List& list, Predicate holds) {
  return !list.empty() && std::none_of(list.begin(), list.end(), holds);
}

}  // namespace

Outcome EvaluateConditions(const v1::Conditions& conditions, const v1::EventContext& context,
                           LocalTime now, bool unknown_is_none) {
  if (None(conditions.channels(), [&](int channel) { return channel == context.channel(); })) {
    return {false,
            fmt::format("channel {} is not among the rule's", rules::Name(context.channel()))};
  }
  if (None(conditions.devices(),
           [&](const std::string& pattern) { return MatchesDevice(pattern, context.device()); })) {
    return {false, "device is not among the rule's"};
  }
  if (None(conditions.destinations(), [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), context.destination().c_str(), 0) == 0;
      })) {
    return {false, "destination is not among the rule's"};
  }
  if ((unknown_is_none || !Unknown(context, context.program())) &&
      None(conditions.programs(),
           [&](const std::string& text) { return IsProgram(text, context.program()); })) {
    return {false, "program is not among the rule's"};
  }
  if ((unknown_is_none || !Unknown(context, context.source())) &&
      None(conditions.sources(),
           [&](const std::string& text) { return IsProgram(text, context.source()); })) {
    return {false, "the program that was copied from is not among the rule's"};
  }
  if (None(conditions.users(),
           [&](const std::string& name) { return name == context.user().name(); })) {
    return {false, "user is not among the rule's"};
  }
  if (None(conditions.groups(), [&](const std::string& name) {
        const auto& groups = context.user().groups();
        return std::find(groups.begin(), groups.end(), name) != groups.end();
      })) {
    return {false, "user is in none of the rule's groups"};
  }
  if (None(conditions.times(),
           [&](const v1::TimeWindow& window) { return InWindow(window, now); })) {
    return {false, "outside the rule's times"};
  }
  return {true, ""};
}

}  // namespace shoumi::agent
