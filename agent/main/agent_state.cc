#include <algorithm>

#include "agent/main/agent.h"
#include "common/ids.h"

namespace shoumi::agent {
namespace {

// Ways out that this version does not watch. Said, so that nobody believes they are.
constexpr const char* kNotCovered[] = {"drag_and_drop", "mail"};

void AddNotCovered(v1::AgentState& state, const std::string& channel, const std::string& why) {
  v1::ChannelState& entry = *state.add_channels();
  entry.set_channel(channel);
  entry.set_coverage(v1::COVERAGE_NOT_COVERED);
  entry.set_why(why);
}

}  // namespace

v1::AgentState Agent::State() const {
  v1::AgentState state;
  state.set_agent_version(version_);
  state.set_policy_version(pipeline_->policy()->version);
  {
    const std::lock_guard lock(mutex_);
    state.set_policy_name(policy_name_);
    state.mutable_registries()->Assign(registries_.begin(), registries_.end());
    state.mutable_collections()->Assign(collections_.begin(), collections_.end());
    (*state.mutable_counters())["pack_warnings"] = rules_idle_;
  }
  for (const auto& [name, channel] : channels_) *state.add_channels() = channel->State();
  for (const auto& [name, why] : failed_channels_) AddNotCovered(state, name, why);
  if (!config_.usb_enabled)
    AddNotCovered(state, "usb", "switched off in the agent's configuration");
  if (!config_.attachments_enabled) {
    AddNotCovered(state, "attachment", "switched off in the agent's configuration");
  }
  if (!config_.clipboard_enabled) {
    AddNotCovered(state, "clipboard", "switched off in the agent's configuration");
  }
  for (const char* name : kNotCovered) {
    AddNotCovered(state, name, "this version does not watch it");
  }
  const Spool::Stats spool = spool_->stats();
  state.set_spool_records(spool.records);
  state.set_spool_bytes(spool.bytes);
  state.set_spool_refused(spool.refused);
  auto& counters = *state.mutable_counters();
  for (const auto& [name, value] : pipeline_->counters().Read()) counters[name] = value;
  counters["spool_failures"] = spool.failures;
  counters["spool_unreadable"] = spool.unreadable;
  counters["index_bytes_fetched"] = fetched_->bytes_fetched;
  counters["index_bytes_copied"] = fetched_->bytes_copied;
  counters["index_deltas_refused"] = fetched_->deltas_refused;
  const Ledger::Stats ledger = ledger_->stats();
  counters["ledger_conditions"] = ledger.conditions;
  counters["ledger_within_minutes_max"] = ledger.within_minutes_max;
  counters["ledger_values"] = ledger.values;
  counters["ledger_unsaved"] = ledger.unsaved;
  counters["ledger_evicted"] = ledger.evicted;
  counters["ledger_over_series_max"] = ledger.over_series_max;
  counters["ledger_cut"] = ledger.cut;
  counters["ledger_save_failures"] = ledger_save_failures_;
  for (const auto& [name, channel] : channels_) {
    for (const auto& [counter, value] : channel->Counters()) counters[counter] = value;
  }
  for (const auto& [counter, value] : notification_desk_->Counters()) counters[counter] = value;
  if (const auto pool = inspection_->pool()) {
    const auto stats = pool->stats();
    counters["inspected"] = stats.inspected;
    counters["inspect_remembered"] = stats.remembered;
    counters["inspect_workers"] = stats.workers;
    counters["inspect_workers_replaced"] = stats.replaced;
    counters["inspect_overloaded"] = stats.overloaded;
  }
  *state.mutable_time() = ToProtoTime(Clock::Real().WallNow());
  return state;
}

v1::AgentStatus Agent::Status() const {
  v1::AgentStatus status;
  *status.mutable_state() = State();
  *status.mutable_started() = ToProtoTime(started_);
  const std::lock_guard lock(mutex_);
  status.set_device_id(device_id_);
  status.set_server(server_);
  status.set_policy_detail(policy_detail_);
  if (policy_created_.seconds() != 0) *status.mutable_policy_created() = policy_created_;
  if (uplink_ == nullptr) {
    status.set_connection(server_.empty() ? v1::AgentStatus::CONNECTION_NOT_ENROLLED
                                          : v1::AgentStatus::CONNECTION_OFFLINE);
    status.set_connection_detail(server_.empty() ? enrolment_detail_ : "starting");
    return status;
  }
  const UplinkStatus uplink = uplink_->status();
  status.set_connection(uplink.connection);
  status.set_connection_detail(uplink.detail);
  if (uplink.connection == v1::AgentStatus::CONNECTION_CONNECTED) {
    *status.mutable_connected_since() = ToProtoTime(uplink.since);
  }
  if (!uplink.policy_detail.empty()) status.set_policy_detail(uplink.policy_detail);
  return status;
}

}  // namespace shoumi::agent
