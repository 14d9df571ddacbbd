#include "agent/channels/usb/folded_reports.h"

#include <fmt/format.h>

#include <iterator>

namespace shoumi::agent::usb {

void FoldedReports::Note(const std::string& text) {
  const bool fits = rows_.size() < kTextsMax || rows_.contains(text);
  ++rows_[fits ? text : "many programs went past the guard"].count;
}

void FoldedReports::Flush() {
  constexpr auto kEvery = std::chrono::seconds(1);
  const auto now = std::chrono::steady_clock::now();
  for (auto it = rows_.begin(); it != rows_.end();) {
    Row& row = it->second;
    if (row.count > 0 && now - row.last >= kEvery) {
      sink_.Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                   fmt::format("{} ({} times)", it->first, row.count));
      row = {now, 0};
    }
    it = row.count == 0 && now - row.last > 10 * kEvery ? rows_.erase(it) : std::next(it);
  }
}

}  // namespace shoumi::agent::usb
