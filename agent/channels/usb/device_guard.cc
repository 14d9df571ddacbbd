#include "agent/channels/usb/device_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "agent/channels/usb/caller.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

namespace fs = std::filesystem;

Session::Settings SettingsFor(const v1::UsbPolicy& policy, const v1::Device& device) {
  Session::Settings settings;
  const v1::UsbMode mode = ModeFor(policy, device);
  if (mode != v1::USB_MODE_UNSPECIFIED) settings.mode = mode;
  if (policy.verdict_ms_max() > 0) {
    settings.verdict_ms_max = std::chrono::milliseconds(policy.verdict_ms_max());
  }
  return settings;
}

bool OpenedForWriting(const fs::path& info) {
  const auto text = ReadFile(info, 4096);
  if (!text.ok()) return false;
  const size_t at = text->find("flags:");
  if (at == std::string::npos) return false;
  const auto flags = std::strtoul(text->c_str() + at + 6, nullptr, 8);
  return (flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace

std::vector<std::string> OpenForWriting(dev_t device) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    int pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size() || pid == ::getpid()) continue;
    for (const auto& fd : fs::directory_iterator(process.path() / "fd", error)) {
      struct stat st {};
      if (::stat(fd.path().c_str(), &st) != 0 || st.st_dev != device || !S_ISREG(st.st_mode)) {
        continue;
      }
      if (OpenedForWriting(process.path() / "fdinfo" / fd.path().filename())) {
        found.push_back(fmt::format("{} ({})", pid, ProgramOf(pid).name()));
        break;
      }
    }
  }
  return found;
}

DeviceGuard::DeviceGuard(MountEntry lower, DeviceIdentity identity)
    : lower_(std::move(lower)), identity_(std::move(identity)) {}

absl::StatusOr<std::unique_ptr<DeviceGuard>> DeviceGuard::Guard(
    const MountEntry& entry, const DeviceIdentity& identity, const UsbOptions& options,
    EventSink& sink, const v1::UsbPolicy& policy, std::function<void()> ended) {
  std::unique_ptr<DeviceGuard> guard(new DeviceGuard(entry, identity));
  // A mount of its own, seen by nobody: the guard works on when the visible one is covered.
  UniqueFd root(::open_tree(AT_FDCWD, entry.mount_point.c_str(),
                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
  if (!root) return ErrnoStatus(errno, "open_tree of " + entry.mount_point);
  struct stat st {};
  if (::fstat(root.get(), &st) != 0 || st.st_dev != entry.device) {
    return absl::AbortedError("another file system is mounted at " + entry.mount_point);
  }
  guard->lower_root_ = root.get();
  guard->session_ = std::make_unique<Session>(std::move(root), identity.device, options, sink);
  guard->ApplyPolicy(policy);
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
