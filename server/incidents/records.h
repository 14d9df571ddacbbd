#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "server/store/store.h"
#include "shoumi/v1/incident.pb.h"

namespace shoumi::server {

struct RecordBounds {
  size_t batch_records_max = 2000;
  size_t record_bytes_max = 1U << 20U;
  size_t event_bytes_max = 64U << 10U;  // they are listed whole
};

// Checks one batch of an agent's spool and turns it into rows. All or nothing: InvalidArgument with
// one sentence that names the sequence and the field, never a value. `Records` is a repeated field.
absl::StatusOr<RecordRow> ToRow(const v1::SpoolRecord& record, const RecordBounds& bounds);

template <typename Records>
absl::StatusOr<RecordBatchRows> ToRows(const Records& records, std::string_view device_id,
                                       WallTime received, const RecordBounds& bounds);

// "usb", "block", "started": the names people see and filter by.
std::string AgentEventKindName(v1::AgentEvent::Kind kind);

absl::Status CheckBatch(size_t records, const RecordBounds& bounds);
absl::Status CheckOrder(uint64_t before, uint64_t sequence);

template <typename Records>
absl::StatusOr<RecordBatchRows> ToRows(const Records& records, std::string_view device_id,
                                       WallTime received, const RecordBounds& bounds) {
  if (auto status = CheckBatch(static_cast<size_t>(records.size()), bounds); !status.ok()) {
    return status;
  }
  RecordBatchRows rows;
  rows.device_id = device_id;
  rows.received = received;
  rows.records.reserve(static_cast<size_t>(records.size()));
  uint64_t before = 0;
  for (const v1::SpoolRecord& record : records) {
    if (auto status = CheckOrder(before, record.sequence()); !status.ok()) return status;
    before = record.sequence();
    auto row = ToRow(record, bounds);
    if (!row.ok()) return row.status();
    rows.records.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace shoumi::server
