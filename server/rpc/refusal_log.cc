#include "server/rpc/refusal_log.h"

#include <algorithm>

#include "common/log.h"
#include "fmt/format.h"
#include "server/rpc/call.h"

namespace shoumi::server {

RefusalLog::~RefusalLog() {
  const std::lock_guard lock(mutex_);
  EndWindowLocked(clock_.Now());
}

void RefusalLog::Call(std::string_view call, std::string_view peer, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      if (Take(NetworkOf(std::string(peer)))) {
        spdlog::warn("{} from {} refused: {}", call, peer, std::string(status.message()));
      }
      break;
    default:
      break;
  }
}

void RefusalLog::Line(std::string_view source, std::string_view text) {
  if (Take(source)) spdlog::warn("{}", text);
}

void RefusalLog::Tick() {
  const std::lock_guard lock(mutex_);
  const Clock::Steady now = clock_.Now();
  if (now - since_ >= limits_.window) EndWindowLocked(now);
}

bool RefusalLog::Take(std::string_view source) {
  ++refusals_;
  const std::lock_guard lock(mutex_);
  const Clock::Steady now = clock_.Now();
  if (now - since_ >= limits_.window) EndWindowLocked(now);
  auto it = sources_.find(source);
  const bool room = lines_ < limits_.lines_max &&
                    (it == sources_.end() || it->second.lines < limits_.lines_per_source_max);
  if (!room) {
    ++suppressed_;
    ++suppressed_now_;
    if (it != sources_.end()) ++it->second.suppressed;
    return false;
  }
  if (it == sources_.end()) it = sources_.emplace(std::string(source), Source{}).first;
  ++it->second.lines;
  ++lines_;
  return true;
}

void RefusalLog::EndWindowLocked(Clock::Steady now) {
  if (suppressed_now_ > 0) {
    const auto worst = std::max_element(
        sources_.begin(), sources_.end(),
        [](const auto& a, const auto& b) { return a.second.suppressed < b.second.suppressed; });
    const std::string from =
        worst == sources_.end() || worst->second.suppressed == 0
            ? ""
            : fmt::format(", {} of them from {}", worst->second.suppressed, worst->first);
    spdlog::warn("{} more suppressed: refusals of the last {} s beyond the log's bounds{}",
                 suppressed_now_, limits_.window.count(), from);
  }
  since_ = now;
  lines_ = 0;
  suppressed_now_ = 0;
  sources_.clear();
}

}  // namespace shoumi::server
