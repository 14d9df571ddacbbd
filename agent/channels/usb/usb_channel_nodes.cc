#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "agent/channels/usb/caller.h"
#include "agent/channels/usb/foreign_mounts.h"
#include "agent/channels/usb/usb_channel.h"
#include "common/log.h"

// The ways to a device that no guard stands on: its nodes, and mounts of other namespaces.
namespace shoumi::agent::usb {
namespace {

constexpr std::chrono::milliseconds kFirstLookMsMax{1'000};

bool LetsPass(v1::UsbMode mode) {
  return mode == v1::USB_MODE_ALLOW || mode == v1::USB_MODE_REPORT_ONLY;
}

}  // namespace

void UsbChannel::WatchArrivals() {
  auto arrivals = Arrivals::Watch(options_, kFirstLookMsMax, [this](std::vector<Arrival> found) {
    const std::lock_guard lock(mutex_);
    sealing_.Arrived(std::move(found));
    if (watching_) ProtectNodes();
  });
  if (arrivals.ok()) {
    arrivals_ = std::move(*arrivals);
  } else {
    Failed(fmt::format("devices are not sealed when they arrive: {}",
                       std::string(arrivals.status().message())));
  }
}

void UsbChannel::FenceForeign(const std::vector<MountEntry>& table) {
  std::map<dev_t, std::unique_ptr<FanotifyFence>> had;
  had.swap(foreign_);
  mounted_.clear();
  for (const MountEntry& entry : table) mounted_.insert(entry.device);
  for (const auto& [pid, entry] : ReadForeignMounts(table)) {
    mounted_.insert(entry.device);
    if (guards_.contains(entry.device)) continue;
    if (const auto it = had.find(entry.device); it != had.end()) {
      foreign_.insert(had.extract(it));
      continue;
    }
    const auto identity = IdentifyRemovable(entry, options_);
    if (!identity) continue;
    std::unique_ptr<FanotifyFence>& fence = foreign_[entry.device];
    if (!Closed(identity->device)) continue;
    const std::string what =
        fmt::format("{}: mounted in another mount namespace, at {} of {} ({})", entry.source,
                    entry.mount_point, ProgramOf(pid).executable(), pid);
    const std::string way = fmt::format("/proc/{}/root{}", pid, entry.mount_point);
    const UniqueFd mount(::open(way.c_str(), O_PATH | O_CLOEXEC));
    struct stat st {};
    if (!mount || ::fstat(mount.get(), &st) != 0) {
      Failed(what + ", where it cannot be reached");
      continue;
    }
    auto raised =
        FanotifyFence::Raise(mount.get(), FanotifyFence::Through::kDenied, entry.source, *sink_);
    if (!raised.ok()) {
      Failed(fmt::format("{}, not fenced: {}", what, std::string(raised.status().message())));
      continue;
    }
    fence = std::move(*raised);
    sink_->Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT, what + "; every open is denied there");
    ReportOpen(st.st_dev, entry.source);
  }
}

bool UsbChannel::Closed(const v1::Device& device) const {
  return options_.fence && !LetsPass(ModeFor(policy_, device));
}

std::vector<const Arrival*> UsbChannel::Sealed() const {
  if (policy_.unmounted_open()) return {};
  return sealing_.Sealed([this](const v1::Device& device) { return Closed(device); },
                         [this](dev_t number) { return mounted_.contains(number); }, protection_);
}

std::vector<const Arrival*> UsbChannel::Open() const {
  if (policy_.unmounted_open()) return {};
  return sealing_.Open([this](const v1::Device& device) { return Closed(device); },
                       [this](dev_t number) { return mounted_.contains(number); }, protection_);
}

void UsbChannel::ProtectNodes() {
  const Sealing::Time now = Sealing::Clock::now();
  std::erase_if(lingering_, [now](const auto& row) { return row.first <= now; });
  std::set<std::string> nodes;
  for (const auto& [device, guard] : guards_) {
    const v1::Device& is = guard->identity().device;
    if (!Closed(is) || guard->lower().HasSuperOption("ro") ||
        !WritesBesideProtection(guard->lower().file_system)) {
      continue;
    }
    const auto& own = guard->identity().own_nodes;
    nodes.insert(own.begin(), own.end());
  }
  for (const Arrival* arrival : Sealed()) {
    const auto& own = arrival->identity.own_nodes;
    nodes.insert(own.begin(), own.end());
  }
  if (!policy_.unmounted_open()) {
    nodes.merge(
        sealing_.Settling([this](const v1::Device& device) { return Closed(device); }, now));
  }
  const NodeProtection::Outcome outcome = protection_.Keep(nodes);
  for (const std::string& node : outcome.failed) {
    Failed(node + ": cannot be set read-only; raw writes are not stopped");
  }
  for (const std::string& node : outcome.reopened) {
    sink_->Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                  node + ": was set writable past the guard; read-only again");
  }
}

}  // namespace shoumi::agent::usb
