#include "server/incidents/records.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "common/ids.h"
#include "common/text.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::server {
namespace {

absl::Status Bad(uint64_t sequence, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("record {}: {}", sequence, what));
}

bool IsTime(const google::protobuf::Timestamp& time) {
  // What the store can hold as microseconds, and protobuf's own range: years 1970 to 9999.
  return time.seconds() >= 0 && time.seconds() < 253'402'300'800 && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

std::string LevelName(v1::Level level) {
  return std::string(rules::Name(level == v1::LEVEL_UNSPECIFIED ? v1::LEVEL_NONE : level));
}

// Of an incident or a request.
template <class Record>
absl::Status CheckFindings(const Record& incident, uint64_t sequence) {
  for (const v1::Finding& finding : incident.findings()) {
    if (finding.rule().empty()) return Bad(sequence, "a finding without rule");
    if (!v1::Level_IsValid(finding.level())) return Bad(sequence, "a finding of unknown level");
  }
  for (const v1::Unscanned& unscanned : incident.unscanned()) {
    if (rules::Name(unscanned.reason()).empty()) {
      return Bad(sequence, "an unscanned part without a known reason");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIncident(const v1::Incident& incident, uint64_t sequence) {
  if (!IsUuid(incident.incident_id())) return Bad(sequence, "incident_id is not a UUID");
  if (!incident.has_event()) return Bad(sequence, "the incident has no event");
  if (!incident.event().has_time() || !IsTime(incident.event().time())) {
    return Bad(sequence, "the event has no valid time");
  }
  if (rules::Name(incident.event().channel()).empty()) {
    return Bad(sequence, "the event's channel is unspecified or unknown");
  }
  if (!incident.has_verdict()) return Bad(sequence, "the incident has no verdict");
  const v1::Verdict& verdict = incident.verdict();
  if (rules::Name(verdict.action()).empty()) {
    return Bad(sequence, "the verdict's action is unspecified or unknown");
  }
  if (verdict.basis() == v1::VERDICT_BASIS_UNSPECIFIED ||
      !v1::VerdictBasis_IsValid(verdict.basis())) {
    return Bad(sequence, "the verdict's basis is unspecified or unknown");
  }
  // A verdict without a rule has no severity, an event that was not inspected no level.
  if (!v1::Severity_IsValid(verdict.severity())) {
    return Bad(sequence, "the verdict's severity is unknown");
  }
  if (!v1::Level_IsValid(incident.level())) return Bad(sequence, "the level is unknown");
  return CheckFindings(incident, sequence);
}

// For lists; the incident itself is kept whole.
std::string ForList(std::string_view text) {
  constexpr size_t kListTextBytesMax = 512;
  return std::string(ClipUtf8(text, kListTextBytesMax));
}

RecordRow IncidentRecord(const v1::Incident& incident) {
  RecordRow row;
  row.kind = RecordRow::Kind::kIncident;
  row.id = incident.incident_id();
  row.time = FromProtoTime(incident.event().time());
  row.body = incident.SerializeAsString();
  row.user = incident.event().user().name().empty()
                 ? fmt::format("uid {}", incident.event().user().uid())
                 : ForList(incident.event().user().name());
  row.channel = rules::Name(incident.event().channel());
  row.action = rules::Name(incident.verdict().action());
  row.rule = ForList(incident.verdict().rule());
  row.severity = rules::Name(incident.verdict().severity());
  row.level = LevelName(incident.level());
  row.content_name = ForList(incident.event().content_name());
  return row;
}

absl::Status CheckRequest(const v1::ReleaseRequest& request, uint64_t sequence) {
  constexpr size_t kRequestTextBytesMax = 4096;
  if (!IsUuid(request.request_id())) return Bad(sequence, "request_id is not a UUID");
  if (!request.has_time() || !IsTime(request.time())) {
    return Bad(sequence, "the request has no valid time");
  }
  if (request.content_sha256().size() != 64) return Bad(sequence, "the request has no SHA-256");
  for (const std::string* text :
       {&request.recipient(), &request.reason(), &request.content_name()}) {
    if (text->empty() || text->size() > kRequestTextBytesMax) {
      return Bad(sequence, "the request's recipient, reason or name is missing or too long");
    }
  }
  if (!v1::Channel_IsValid(request.channel())) return Bad(sequence, "the channel is unknown");
  if (!v1::Level_IsValid(request.level())) return Bad(sequence, "the level is unknown");
  return CheckFindings(request, sequence);
}

RecordRow RequestRecord(const v1::ReleaseRequest& request) {
  RecordRow row;
  row.kind = RecordRow::Kind::kReleaseRequest;
  row.id = request.request_id();
  row.time = FromProtoTime(request.time());
  row.body = request.SerializeAsString();
  return row;
}

}  // namespace

std::string AgentEventKindName(v1::AgentEvent::Kind kind) {
  const std::string& name = v1::AgentEvent::Kind_Name(kind);
  const std::string_view text = name;
  return absl::AsciiStrToLower(name.substr(text.starts_with("KIND_") ? 5 : 0));
}

absl::Status CheckBatch(size_t records, const RecordBounds& bounds) {
  if (records == 0) return absl::InvalidArgumentError("a batch without records");
  if (records > bounds.batch_records_max) {
    return absl::InvalidArgumentError(
        fmt::format("a batch of {} records is more than {}", records, bounds.batch_records_max));
  }
  return absl::OkStatus();
}

absl::Status CheckOrder(uint64_t before, uint64_t sequence) {
  if (sequence == 0) return absl::InvalidArgumentError("a record without sequence");
  if (sequence > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return absl::InvalidArgumentError("a sequence beyond what the store can count");
  }
  if (sequence <= before) {
    return absl::InvalidArgumentError(
        fmt::format("record {} comes after record {}: sequences must ascend", sequence, before));
  }
  return absl::OkStatus();
}

absl::StatusOr<RecordRow> ToRow(const v1::SpoolRecord& record, const RecordBounds& bounds) {
  const uint64_t sequence = record.sequence();
  if (record.ByteSizeLong() > bounds.record_bytes_max) {
    return Bad(sequence, fmt::format("larger than {} bytes", bounds.record_bytes_max));
  }
  if (record.has_incident()) {
    if (auto status = CheckIncident(record.incident(), sequence); !status.ok()) return status;
    RecordRow row = IncidentRecord(record.incident());
    row.sequence = sequence;
    return row;
  }
  if (record.has_release_request()) {
    if (auto status = CheckRequest(record.release_request(), sequence); !status.ok()) return status;
    RecordRow row = RequestRecord(record.release_request());
    row.sequence = sequence;
    return row;
  }
  if (!record.has_event()) return Bad(sequence, "neither incident, event nor request");
  const v1::AgentEvent& event = record.event();
  if (event.ByteSizeLong() > bounds.event_bytes_max) {
    return Bad(sequence, fmt::format("an event larger than {} bytes", bounds.event_bytes_max));
  }
  if (!IsUuid(event.event_id())) return Bad(sequence, "event_id is not a UUID");
  if (!event.has_time() || !IsTime(event.time()))
    return Bad(sequence, "the event has no valid time");
  if (event.kind() == v1::AgentEvent::KIND_UNSPECIFIED ||
      !v1::AgentEvent::Kind_IsValid(event.kind())) {
    return Bad(sequence, "the event's kind is unspecified or unknown");
  }
  RecordRow row;
  row.kind = RecordRow::Kind::kAgentEvent;
  row.sequence = sequence;
  row.id = event.event_id();
  row.time = FromProtoTime(event.time());
  row.body = event.SerializeAsString();
  row.event_kind = AgentEventKindName(event.kind());
  return row;
}

}  // namespace shoumi::server
