#include <cstdio>

#include "rules/policy/check.h"
#include "rules/policy/read.h"

namespace shoumi::rules {
namespace {

// Bounds the work while reading; the check of the finished proto reports it by place.
class WhenReader {
 public:
  void Read(const YamlValue& value, v1::Expression& expression, size_t depth) {
    if (depth > kExpressionDepthMax || ++nodes_ > kExpressionNodesMax) {
      if (!reported_) {
        value.problems->Error("Y114", value.path,
                              fmt::format("nested deeper than {} or more than {} conditions",
                                          kExpressionDepthMax, kExpressionNodesMax));
      }
      reported_ = true;
      return;
    }
    const YamlMap map(value, {"detector", "min_count", "min_distinct", "min_confidence", "within",
                              "all", "any", "not", "level_at_least"});
    if (!map.ok()) return;
    const auto detector = map.Get("detector");
    const auto all = map.Get("all");
    const auto any = map.Get("any");
    const auto negated = map.Get("not");
    const auto level = map.Get("level_at_least");
    const int kinds =
        (detector ? 1 : 0) + (all ? 1 : 0) + (any ? 1 : 0) + (negated ? 1 : 0) + (level ? 1 : 0);
    if (kinds > 1) {
      value.problems->Error("Y113", value.path,
                            "only one of detector, all, any, not, level_at_least; join them with "
                            "'all' or 'any'");
    }
    if (detector) {
      ReadDetector(map, *detector, *expression.mutable_detector());
    } else if (map.Get("min_count") || map.Get("min_distinct") || map.Get("min_confidence") ||
               map.Get("within")) {
      value.problems->Error("Y103", value.path, "thresholds need a 'detector'");
    }
    if (all) ReadList(*all, *expression.mutable_all(), depth);
    if (any) ReadList(*any, *expression.mutable_any(), depth);
    if (negated) Read(*negated, *expression.mutable_not_(), depth + 1);
    if (level) {
      // Unspecified where it could not be read: the kind is set, the problem is reported.
      expression.set_level_at_least(
          level->OneOf<v1::Level>(kLevels).value_or(v1::LEVEL_UNSPECIFIED));
    }
  }

 private:
  void ReadList(const YamlValue& value, v1::ExpressionList& list, size_t depth) {
    value.Items(kPolicyListItemsMax,
                [&](const YamlValue& item) { Read(item, *list.add_items(), depth + 1); });
  }

  static void ReadDetector(const YamlMap& map, const YamlValue& detector,
                           v1::DetectorCondition& condition) {
    condition.set_detector(detector.Text().value_or(""));
    const auto number = [&](std::string_view key) -> uint32_t {
      const auto value = map.Get(key);
      return value ? static_cast<uint32_t>(value->Number(UINT32_MAX).value_or(0)) : 0;
    };
    condition.set_min_count(number("min_count"));
    condition.set_min_distinct(number("min_distinct"));
    condition.set_min_confidence(number("min_confidence"));
    if (const auto within = map.Get("within")) {
      // One that could not be read is 0, and its problem is reported.
      condition.set_within_minutes(within->Minutes(kWithinMinutesMax).value_or(0));
    }
  }

  size_t nodes_ = 0;
  bool reported_ = false;
};

// "08:30" → 510; "24:00" → 1440.
std::optional<uint32_t> ReadMinute(const YamlValue& value) {
  const auto text = value.Text();
  if (!text) return std::nullopt;
  const auto digit = [&](size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
  if (text->size() == 5 && digit(0) && digit(1) && (*text)[2] == ':' && digit(3) && digit(4)) {
    const auto at = [&](size_t i) { return static_cast<uint32_t>((*text)[i] - '0'); };
    const uint32_t hour = at(0) * 10 + at(1);
    const uint32_t minute = at(3) * 10 + at(4);
    if (minute < 60 && hour * 60 + minute <= 24 * 60) return hour * 60 + minute;
  }
  value.problems->Error("Y122", value.path,
                        fmt::format("'{}' is not a time HH:MM", YamlValue::Shown(*text)));
  return std::nullopt;
}

void ReadTime(const YamlValue& value, v1::TimeWindow& window) {
  const YamlMap map(value, {"days", "from", "to"});
  if (!map.ok()) return;
  if (const auto days = map.Get("days")) {
    days->Items(kPolicyListItemsMax, [&](const YamlValue& item) {
      if (const auto day = item.OneOf<uint32_t>(kWeekdays)) window.add_weekdays(*day);
    });
  }
  std::optional<uint32_t> from;
  std::optional<uint32_t> to;
  if (const auto text = map.Require("from")) from = ReadMinute(*text);
  if (const auto text = map.Require("to")) to = ReadMinute(*text);
  // An unreadable end has its own problem; a whole day keeps the check from adding another.
  window.set_start_minute(from && to ? *from : 0);
  window.set_end_minute(from && to ? *to : 24 * 60);
}

template <typename Add>
void ReadTexts(const YamlMap& map, std::string_view key, Add add) {
  const auto list = map.Get(key);
  if (!list) return;
  list->Items(kPolicyListItemsMax, [&](const YamlValue& item) {
    if (const auto text = item.Text()) add(*text);
  });
}

}  // namespace

void ReadWhen(const YamlValue& value, v1::Rule& rule) {
  if (value.node.IsScalar()) {
    if (value.node.Scalar() == "always") return;
    value.problems->Error("Y113", value.path,
                          "needs a map such as {detector: …}, or the word 'always'");
    return;
  }
  WhenReader().Read(value, *rule.mutable_when(), 1);
}

void ReadConditions(const YamlValue& value, v1::Conditions& conditions) {
  const YamlMap map(value, {"channels", "devices", "destinations", "programs", "sources", "users",
                            "groups", "times"});
  if (!map.ok()) return;
  if (const auto channels = map.Get("channels")) {
    channels->Items(kPolicyListItemsMax, [&](const YamlValue& item) {
      if (const auto channel = item.OneOf<v1::Channel>(kChannels)) {
        conditions.add_channels(*channel);
      }
    });
  }
  ReadTexts(map, "devices", [&](const std::string& text) { conditions.add_devices(text); });
  ReadTexts(map, "destinations",
            [&](const std::string& text) { conditions.add_destinations(text); });
  ReadTexts(map, "programs", [&](const std::string& text) { conditions.add_programs(text); });
  ReadTexts(map, "sources", [&](const std::string& text) { conditions.add_sources(text); });
  ReadTexts(map, "users", [&](const std::string& text) { conditions.add_users(text); });
  ReadTexts(map, "groups", [&](const std::string& text) { conditions.add_groups(text); });
  if (const auto times = map.Get("times")) {
    times->Items(kPolicyListItemsMax,
                 [&](const YamlValue& item) { ReadTime(item, *conditions.add_times()); });
  }
}

}  // namespace shoumi::rules
