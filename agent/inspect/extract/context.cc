#include "agent/inspect/extract/extract.h"
#include "fmt/format.h"

namespace shoumi::inspect {

Limits LimitsFrom(const v1::InspectLimits& limits) {
  Limits result;
  result.content_bytes_max = limits.content_bytes_max();
  if (limits.expanded_bytes_max() != 0) result.expanded_bytes_max = limits.expanded_bytes_max();
  if (limits.archive_depth_max() != 0) result.depth_max = limits.archive_depth_max();
  if (limits.archive_entries_max() != 0) result.entries_max = limits.archive_entries_max();
  return result;
}

Context::Context(const Limits& bounds, PartSink& out,
                 std::chrono::steady_clock::time_point deadline)
    : tracked_(out), sink(tracked_), limits(bounds), deadline_(deadline) {}

void Context::Tracked::BeginPart(std::string_view part, v1::PartKind kind) {
  if (open_) out_.EndPart();
  open_ = true;
  out_.BeginPart(part, kind);
}

void Context::Tracked::EndPart() {
  if (open_) out_.EndPart();
  open_ = false;
}

void Context::CloseOpenPart() {
  if (tracked_.open()) tracked_.EndPart();
}

bool Context::SpendBytes(uint64_t bytes, std::string_view part) {
  if (stopped_) return false;
  expanded_ += bytes;
  if (expanded_ <= limits.expanded_bytes_max) return true;
  stopped_ = true;
  sink.Unscanned(PartName(part), v1::UNSCANNED_REASON_OVERSIZE,
                 fmt::format("expanded_bytes_max {}", limits.expanded_bytes_max));
  return false;
}

bool Context::SpendEntry(std::string_view part) {
  if (stopped_) return false;
  if (++entries_ <= limits.entries_max) return true;
  stopped_ = true;
  sink.Unscanned(PartName(part), v1::UNSCANNED_REASON_TOO_MANY,
                 fmt::format("archive_entries_max {}", limits.entries_max));
  return false;
}

bool Context::InTime(std::string_view part) {
  if (stopped_) return false;
  if (std::chrono::steady_clock::now() < deadline_) return true;
  stopped_ = true;
  sink.Unscanned(PartName(part), v1::UNSCANNED_REASON_TIMEOUT, "deadline");
  return false;
}

std::string Context::PartName(std::string_view part) const {
  if (prefix_.empty()) return std::string(part);
  if (part.empty()) return prefix_;
  return fmt::format("{}/{}", prefix_, part);
}

}  // namespace shoumi::inspect
