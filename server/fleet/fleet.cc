#include "server/fleet/fleet.h"

#include <utility>

#include "common/log.h"
#include "common/text.h"

namespace shoumi::server {

absl::Status Fleet::Open(const DeviceRow& device, Clock::Wall certificate_expires,
                         std::string_view peer, const std::shared_ptr<SessionLink>& link) {
  std::shared_ptr<SessionLink> superseded;
  {
    const std::lock_guard lock(mutex_);
    auto it = entries_.find(device.device_id);
    if (it == entries_.end()) {
      if (entries_.size() >= options_.sessions_max) {
        ++counters_.refused;
        return absl::ResourceExhaustedError("too many agents are connected; try again later");
      }
      it = entries_.emplace(device.device_id, Entry{}).first;
    } else {
      superseded = std::move(it->second.link);
      ++counters_.superseded;
      const auto level = it->second.peer == peer ? spdlog::level::info : spdlog::level::warn;
      spdlog::log(level,
                  "device {} ({}): a session from {} takes over from one at {}; if this repeats, "
                  "two machines have one identity",
                  device.device_id, device.hostname, peer, it->second.peer);
    }
    Entry& entry = it->second;
    entry.link = link;
    entry.peer = peer;
    entry.certificate_expires = certificate_expires;
    entry.last_message = clock_.Now();
    entry.greeted = false;
    entry.report.device_id = device.device_id;
    entry.report.hostname = device.hostname;
    entry.report.agent_version = device.agent_version;
    entry.report.last_seen = clock_.WallNow();
    if (superseded == nullptr) {
      entry.report.policy_version = device.policy_version;
      entry.report.offered_version = device.offered_version;
      entry.report.policy_error = device.policy_error;
      entry.report.state = device.state;
    }
    entry.changed = true;
    ++counters_.sessions;
  }
  if (superseded) superseded->End(absl::AbortedError("another session of this device took over"));
  return absl::OkStatus();
}

void Fleet::Close(std::string_view device_id, const SessionLink* link) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(device_id);
  if (it == entries_.end() || it->second.link.get() != link) return;
  if (it->second.changed) closed_.push_back(std::move(it->second.report));
  entries_.erase(it);
}

Fleet::Entry* Fleet::Find(std::string_view device_id, const SessionLink* link) {
  const auto it = entries_.find(device_id);
  if (it == entries_.end() || it->second.link.get() != link) return nullptr;
  it->second.last_message = clock_.Now();
  it->second.report.last_seen = clock_.WallNow();
  it->second.changed = true;
  return &it->second;
}

void Fleet::TakeState(Entry& entry, const v1::AgentState& state) {
  entry.report.policy_version = state.policy_version();
  if (!state.agent_version().empty()) entry.report.agent_version = state.agent_version();
  if (state.policy_version() == entry.report.offered_version) entry.report.policy_error.clear();
  entry.report.state = state.SerializeAsString();
}

void Fleet::Hello(std::string_view device_id, const SessionLink* link, std::string_view hostname,
                  const v1::AgentState& state) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(device_id, link);
  if (entry == nullptr) return;
  entry->report.hostname = hostname;
  TakeState(*entry, state);
  entry->greeted = true;
  if (!offer_ || offer_->version == state.policy_version()) return;
  entry->report.offered_version = offer_->version;
  entry->report.policy_error.clear();  // was about the offer before
  entry->link->SendOffer(*offer_);
}

void Fleet::Heartbeat(std::string_view device_id, const SessionLink* link,
                      const v1::AgentState& state) {
  const std::lock_guard lock(mutex_);
  if (Entry* entry = Find(device_id, link)) TakeState(*entry, state);
}

void Fleet::InForce(std::string_view device_id, const SessionLink* link, uint64_t version) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(device_id, link);
  if (entry == nullptr) return;
  entry->report.policy_version = version;
  entry->report.policy_error.clear();
}

void Fleet::Refused(std::string_view device_id, const SessionLink* link, uint64_t version,
                    std::string_view error) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(device_id, link);
  if (entry == nullptr) return;
  const std::string_view kept = ClipUtf8(error, options_.policy_error_bytes_max);
  entry->report.policy_error = kept.empty() ? "refused without a reason" : std::string(kept);
  spdlog::warn("device {} ({}) refuses policy version {}: {}", device_id, entry->report.hostname,
               version, entry->report.policy_error);
}

void Fleet::Touch(std::string_view device_id, const SessionLink* link) {
  const std::lock_guard lock(mutex_);
  (void)Find(device_id, link);
}

size_t Fleet::OfferToAll(const Offer& offer) {
  const std::lock_guard lock(mutex_);
  offer_ = offer;
  size_t offered = 0;
  for (auto& [device_id, entry] : entries_) {
    // Before its Hello nobody knows what is in force there; the Hello brings the offer.
    if (!entry.greeted || entry.report.policy_version == offer.version) continue;
    entry.report.offered_version = offer.version;
    entry.report.policy_error.clear();
    entry.changed = true;
    entry.link->SendOffer(offer);
    ++offered;
  }
  return offered;
}

void Fleet::End(std::string_view device_id, const absl::Status& why) {
  std::shared_ptr<SessionLink> link;
  {
    const std::lock_guard lock(mutex_);
    const auto it = entries_.find(device_id);
    if (it == entries_.end()) return;
    link = it->second.link;
  }
  link->End(why);
}

void Fleet::EndAll(const absl::Status& why) {
  std::vector<std::shared_ptr<SessionLink>> links;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [device_id, entry] : entries_) links.push_back(entry.link);
  }
  for (const auto& link : links) link->End(why);
}

absl::Status Fleet::Tick() {
  std::vector<std::pair<std::shared_ptr<SessionLink>, absl::Status>> over;
  std::vector<DeviceReport> reports;
  {
    const std::lock_guard lock(mutex_);
    const Clock::Steady now = clock_.Now();
    const Clock::Wall wall = clock_.WallNow();
    reports = std::exchange(closed_, {});
    for (auto& [device_id, entry] : entries_) {
      if (std::exchange(entry.changed, false)) reports.push_back(entry.report);
      if (now - entry.last_message >= options_.idle_max) {
        ++counters_.idle_ended;
        over.emplace_back(entry.link,
                          absl::DeadlineExceededError("nothing was heard for too long"));
      } else if (wall >= entry.certificate_expires) {
        over.emplace_back(entry.link, absl::UnauthenticatedError(
                                          "the device certificate is over; renew or enrol again"));
      }
    }
  }
  for (const auto& [link, why] : over) link->End(why);
  if (reports.empty()) return absl::OkStatus();
  auto status = store_.UpdateDevices(reports);
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    // Sessions that are still there report again with their next message.
    for (DeviceReport& report : reports) {
      const auto it = entries_.find(report.device_id);
      if (it != entries_.end()) {
        it->second.changed = true;
      } else {
        closed_.push_back(std::move(report));
      }
    }
  }
  return status;
}

bool Fleet::Overlay(DeviceRow& row) const {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(row.device_id);
  const DeviceReport* report = it == entries_.end() ? nullptr : &it->second.report;
  if (report == nullptr) {
    for (const DeviceReport& closed : closed_) {
      if (closed.device_id == row.device_id) report = &closed;
    }
  }
  if (report != nullptr) {
    row.hostname = report->hostname;
    row.agent_version = report->agent_version;
    row.last_seen = report->last_seen;
    row.policy_version = report->policy_version;
    row.offered_version = report->offered_version;
    row.policy_error = report->policy_error;
    row.state = report->state;
  }
  return it != entries_.end();
}

size_t Fleet::connected() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace shoumi::server
