#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace shoumi::agent {

// Since the agent's start. Read while written; each is exact, together they are not a snapshot.
struct PipelineCounters {
  std::atomic<uint64_t> events{0};
  std::atomic<uint64_t> allowed{0};
  std::atomic<uint64_t> reported{0};
  std::atomic<uint64_t> stopped{0};
  std::atomic<uint64_t> passed_by_report_only{0};
  std::atomic<uint64_t> timeouts{0};
  std::atomic<uint64_t> overloaded{0};
  std::atomic<uint64_t> refusals{0};  // by device mode, without inspection
  std::atomic<uint64_t> answered_before_durable{0};
  std::atomic<uint64_t> not_kept{0};  // incidents the spool could only count
  std::atomic<uint64_t> in_flight{0};

  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> Read() const {
    return {{"events", events},
            {"events_allowed", allowed},
            {"events_reported", reported},
            {"events_stopped", stopped},
            {"events_passed_by_report_only", passed_by_report_only},
            {"events_timeout", timeouts},
            {"events_overloaded", overloaded},
            {"events_refused_by_device", refusals},
            {"events_answered_before_durable", answered_before_durable},
            {"incidents_not_kept", not_kept},
            {"events_in_flight", in_flight}};
  }
};

}  // namespace shoumi::agent
