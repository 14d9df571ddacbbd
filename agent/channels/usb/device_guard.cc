#include "agent/channels/usb/device_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

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

absl::StatusOr<std::unique_ptr<DeviceGuard>> DeviceGuard::Guard(
    const MountEntry& entry, const DeviceIdentity& identity, const UsbOptions& options,
    EventSink& sink, const v1::UsbPolicy& policy, std::function<void()> ended) {
  std::unique_ptr<DeviceGuard> guard(new DeviceGuard(entry, identity));
  const UniqueFd place(::open(entry.mount_point.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statx is {};
  if (!place || ::statx(place.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &is) != 0) {
    return ErrnoStatus(errno, entry.mount_point);
  }
  if (is.stx_mnt_id != static_cast<uint64_t>(entry.id)) {
    return absl::AbortedError("something else is mounted over " + entry.mount_point);
  }
  // A mount of its own, seen by nobody: the guard works on when the visible one is covered.
  UniqueFd root(::open_tree(place.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!root) return ErrnoStatus(errno, "open_tree of " + entry.mount_point);
  struct stat st {};
  if (::fstat(root.get(), &st) == 0) guard->root_device_ = st.st_dev;
  guard->lower_root_ = root.get();
  guard->session_ = std::make_unique<Session>(std::move(root), identity.device, options, sink);
  guard->ApplyPolicy(policy);
  if (options.fence) {
    auto fence = FanotifyFence::Raise(guard->lower_root_, entry.source, sink);
    if (fence.ok()) {
      guard->fence_ = std::move(*fence);
    } else {
      guard->weakness_ = std::string(fence.status().message());
    }
    auto nodes = NodeWatch::Watch(identity.nodes, sink);
    if (nodes.ok()) {
      guard->nodes_ = std::move(*nodes);
    } else if (guard->weakness_.empty()) {
      guard->weakness_ = std::string(nodes.status().message());
    }
  }
  FuseMountOptions mount;
  mount.mount_point = entry.mount_point;
  mount.device = entry.source;
  mount.read_only = entry.HasOption("ro");
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

absl::Status DeviceGuard::Cover(const MountEntry& entry) {
  const std::string from =
      lower_.root == "/" ? lower_.mount_point + (entry.root == "/" ? "" : entry.root) : "";
  if (from.empty() ||
      ::mount(from.c_str(), entry.mount_point.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return ErrnoStatus(from.empty() ? EXDEV : errno, "covering " + entry.mount_point);
  }
  covers_.push_back(entry.mount_point);
  return absl::OkStatus();
}

DeviceGuard::~DeviceGuard() {
  if (!session_) return;
  session_->Close();
  for (const std::string& cover : covers_) {
    for (const MountEntry& entry : ReadMountTable()) {
      if (entry.mount_point == cover && fuse_ && entry.device == fuse_->device()) {
        ::umount2(cover.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
      }
    }
  }
  fuse_.reset();
}

}  // namespace shoumi::agent::usb
