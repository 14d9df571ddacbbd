#include "agent/pipeline/incident.h"

#include <algorithm>

#include "agent/pipeline/sanitize.h"
#include "common/ids.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

constexpr int kTraceKept = 20;
constexpr int kUnscannedKept = 100;

void CutMatches(v1::Incident& incident, int kept) {
  for (v1::Finding& finding : *incident.mutable_findings()) {
    const int cut = finding.matches_size() - kept;
    if (cut <= 0) continue;
    finding.mutable_matches()->DeleteSubrange(kept, cut);
    finding.set_matches_omitted(finding.matches_omitted() + static_cast<uint32_t>(cut));
  }
}

template <typename List>
void CutFront(List& list, int kept) {
  if (list.size() > kept) list.DeleteSubrange(0, list.size() - kept);
}

void Bound(v1::Incident& incident) {
  for (const int kept : {10, 3, 0}) {
    if (incident.ByteSizeLong() <= kIncidentBytesMax) return;
    CutMatches(incident, kept);
  }
  if (incident.ByteSizeLong() <= kIncidentBytesMax) return;
  // The end of the trace is the rule that decided.
  CutFront(*incident.mutable_verdict()->mutable_trace(), kTraceKept);
  CutFront(*incident.mutable_unscanned(), kUnscannedKept);
  if (incident.ByteSizeLong() <= kIncidentBytesMax) return;
  incident.clear_findings();
  incident.clear_unscanned();
}

// A worker is not believed: what the contract does not know would be refused by the server.
void DropUnknown(v1::Incident& incident) {
  auto& findings = *incident.mutable_findings();
  findings.erase(std::remove_if(findings.begin(), findings.end(),
                                [](const v1::Finding& f) {
                                  return f.rule().empty() || !v1::Level_IsValid(f.level());
                                }),
                 findings.end());
  for (v1::Unscanned& unscanned : *incident.mutable_unscanned()) {
    if (!rules::Name(unscanned.reason()).empty()) continue;
    unscanned.set_reason(v1::UNSCANNED_REASON_CRASHED);
    unscanned.set_detail("the worker gave an unknown reason");
  }
  if (!v1::Level_IsValid(incident.level())) incident.set_level(v1::LEVEL_NONE);
}

}  // namespace

v1::SpoolRecord BuildIncident(const v1::EventContext& context, const v1::Verdict& verdict,
                              const v1::InspectReport& report, uint64_t policy_version) {
  v1::SpoolRecord record;
  v1::Incident& incident = *record.mutable_incident();
  incident.set_incident_id(NewUuid());
  *incident.mutable_event() = context;
  *incident.mutable_verdict() = verdict;
  *incident.mutable_findings() = report.findings();
  for (v1::Finding& finding : *incident.mutable_findings()) finding.clear_value_keys();
  *incident.mutable_unscanned() = report.unscanned();
  incident.set_level(report.level() == v1::LEVEL_UNSPECIFIED ? v1::LEVEL_NONE : report.level());
  incident.set_declassified(report.declassified());
  incident.set_policy_version(policy_version);
  DropUnknown(incident);
  Bound(incident);
  MakeUtf8Valid(incident);
  return record;
}

v1::SpoolRecord BuildAgentEvent(v1::AgentEvent::Kind kind, const std::string& detail,
                                uint64_t count, const google::protobuf::Timestamp& time) {
  v1::SpoolRecord record;
  v1::AgentEvent& event = *record.mutable_event();
  event.set_event_id(NewUuid());
  *event.mutable_time() = time;
  event.set_kind(kind);
  event.set_detail(detail);
  event.set_count(count);
  MakeUtf8Valid(event);
  return record;
}

}  // namespace shoumi::agent
