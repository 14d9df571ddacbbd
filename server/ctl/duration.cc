#include "server/ctl/duration.h"

#include <charconv>

#include "common/terminal/language.h"
#include "fmt/format.h"

namespace shoumi::ctl {
namespace {

int64_t SecondsOf(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 60 * 60;
    case 'd':
      return 24 * 60 * 60;
    default:
      return 0;
  }
}

}  // namespace

absl::StatusOr<std::chrono::seconds> ParseDuration(std::string_view text) {
  const int64_t unit_s = text.empty() ? 0 : SecondsOf(text.back());
  uint32_t count = 0;  // 32 bits of days fit into 64 bits of seconds
  const char* const end = text.data() + (text.empty() ? 0 : text.size() - 1);
  const auto parsed = std::from_chars(text.data(), end, count);
  if (unit_s == 0 || parsed.ec != std::errc() || parsed.ptr != end || count == 0) {
    return absl::InvalidArgumentError(
        fmt::format(fmt::runtime(Say("{} is no duration; write 90s, 10m, 1h or 7d",
                                     "{} 不是时长；请写成 90s、10m、1h 或 7d")),
                    text));
  }
  return std::chrono::seconds(count * unit_s);
}

}  // namespace shoumi::ctl
