#include "agent/channels/usb/device_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

constexpr size_t kEarlyEntriesMax = 100'000;
constexpr size_t kEarlyReportsMax = 1'000;

Session::Settings SettingsFor(const v1::UsbPolicy& policy, const v1::Device& device) {
  Session::Settings settings;
  const v1::UsbMode mode = ModeFor(policy, device);
  if (mode != v1::USB_MODE_UNSPECIFIED) settings.mode = mode;
  if (policy.verdict_ms_max() > 0) {
    settings.verdict_ms_max = std::chrono::milliseconds(policy.verdict_ms_max());
  }
  return settings;
}

}  // namespace

DeviceGuard::DeviceGuard(MountEntry lower, DeviceIdentity identity)
    : lower_(std::move(lower)), identity_(std::move(identity)) {}

bool DeviceGuard::ReadOnly(const MountEntry& entry, bool sealed) {
  return sealed ? entry.HasSuperOption("ro") : entry.HasOption("ro");
}

// Names, links and attributes raise no event that could be denied; a read-only mount refuses them
// all. Where a program has a file open for writing the mount cannot be sealed; that is reported by
// who looks for such programs.
void DeviceGuard::Seal(int mount, const MountEntry& entry, bool sealed) {
  if (ReadOnly(entry, sealed)) return;
  const int error = SetMountReadOnly(mount, true);
  if (error == 0) {
    sealed_.insert(entry.id);
  } else if (error != EBUSY && weakness_.empty()) {
    weakness_ = std::string(ErrnoStatus(error, "sealing " + entry.mount_point).message());
  }
}

void DeviceGuard::RaiseFence(const UsbOptions& options, EventSink& sink) {
  if (!options.fence) return;
  auto fence =
      FanotifyFence::Raise(lower_root_, FanotifyFence::Through::kAllowed, lower_.source, sink);
  if (fence.ok()) {
    fence_ = std::move(*fence);
  } else if (weakness_.empty()) {
    weakness_ = std::string(fence.status().message());
  }
  auto changes = ChangeWatch::Watch(lower_root_, lower_.source, sink);
  if (changes.ok()) {
    changes_ = std::move(*changes);
  } else {
    spdlog::warn("{}: {}", lower_.source, std::string(changes.status().message()));
  }
  auto nodes = NodeWatch::Watch(identity_.nodes, sink);
  if (nodes.ok()) {
    nodes_ = std::move(*nodes);
  } else if (weakness_.empty()) {
    weakness_ = std::string(nodes.status().message());
  }
}

absl::StatusOr<std::unique_ptr<DeviceGuard>> DeviceGuard::Guard(
    const MountEntry& entry, bool sealed, const DeviceIdentity& identity, const UsbOptions& options,
    EventSink& sink, const v1::UsbPolicy& policy, std::function<void()> ended) {
  std::unique_ptr<DeviceGuard> guard(new DeviceGuard(entry, identity));
  const absl::StatusOr<UniqueFd> place = OpenMount(entry);
  if (!place.ok()) return place.status();
  // A mount of its own, seen by nobody: the guard works on when the visible one is covered.
  UniqueFd root(::open_tree(place->get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!root) return ErrnoStatus(errno, "open_tree of " + entry.mount_point);
  guard->Seal(place->get(), entry, sealed);
  if (sealed && !ReadOnly(entry, sealed)) {
    if (const int error = SetMountReadOnly(root.get(), false)) {
      return ErrnoStatus(error, "the guard's own mount of " + entry.source);
    }
  }
  struct stat st {};
  if (::fstat(root.get(), &st) == 0) guard->root_device_ = st.st_dev;
  guard->lower_root_ = root.get();
  guard->session_ = std::make_unique<Session>(std::move(root), identity.device, options, sink);
  guard->ApplyPolicy(policy);
  guard->RaiseFence(options, sink);
  FuseMountOptions mount;
  mount.mount_point = entry.mount_point;
  mount.device = entry.source;
  mount.read_only = ReadOnly(entry, sealed);
  mount.no_exec = entry.HasOption("noexec");
  mount.threads_max = options.fuse_threads_max;
  auto fuse = FuseMount::Mount(*guard->session_, mount, std::move(ended));
  if (!fuse.ok()) return fuse.status();
  guard->fuse_ = std::move(*fuse);
  return guard;
}

void DeviceGuard::ApplyPolicy(const v1::UsbPolicy& policy) {
  session_->SetSettings(SettingsFor(policy, identity_.device));
}

Fence DeviceGuard::TakeFence() {
  sealed_.clear();
  return {std::move(fence_), std::move(changes_)};
}

absl::Status DeviceGuard::Cover(const MountEntry& entry, bool sealed,
                                const std::vector<MountEntry>& table) {
  const absl::StatusOr<UniqueFd> place = OpenMount(entry);
  if (!place.ok()) return place.status();
  Seal(place->get(), entry, sealed);
  const MountEntry* const guard = MountOf(table, fuse_->device());
  // The guard shows the folder it was put over as its root; another part may lie outside of it.
  if (guard == nullptr || lower_.root != "/") {
    return absl::UnavailableError("nothing to cover " + entry.mount_point + " with");
  }
  const std::string from = guard->mount_point + (entry.root == "/" ? "" : entry.root);
  const UniqueFd cover(::open_tree(AT_FDCWD, from.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!cover) return ErrnoStatus(errno, "covering " + entry.mount_point);
  const int error = ReadOnly(entry, sealed) ? SetMountReadOnly(cover.get(), true) : 0;
  if (error != 0 || ::move_mount(cover.get(), "", place->get(), "",
                                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return ErrnoStatus(error != 0 ? error : errno, "covering " + entry.mount_point);
  }
  return absl::OkStatus();
}

void DeviceGuard::LookForEarlyChanges(const Period& period, EventSink& sink) {
  early_ = std::thread([this, period, &sink] {
    size_t reports = 0;
    const bool all = FindChanges(
        lower_root_, period, kEarlyEntriesMax, stopping_,
        [&](const std::string& path, UniqueFd content) {
          if (++reports > kEarlyReportsMax) return;
          sink.Report(
              v1::AgentEvent::KIND_GUARD_FAILED,
              fmt::format("{}: {} was changed before the guard stood", lower_.source, path));
          session_->JudgeEarly(path, std::move(content));
        });
    if ((!all && !stopping_) || reports > kEarlyReportsMax) {
      sink.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                  fmt::format("{}: not everything was looked at that may have been changed before "
                              "the guard stood ({} changes seen)",
                              lower_.source, reports));
    }
  });
}

DeviceGuard::~DeviceGuard() {
  stopping_ = true;
  if (early_.joinable()) early_.join();
  if (session_) session_->Close();
  fuse_.reset();
  for (const MountEntry& entry : ReadMountTable()) {
    if (!sealed_.contains(entry.id)) continue;
    const absl::StatusOr<UniqueFd> mount = OpenMount(entry);
    if (!mount.ok() || SetMountReadOnly(mount->get(), false) != 0) {
      spdlog::warn("{} stays read-only at {}", entry.source, entry.mount_point);
    }
  }
}

}  // namespace shoumi::agent::usb
