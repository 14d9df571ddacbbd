#include "agent/channels/usb/usb_channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mntent.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "agent/channels/usb/open_files.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

// A change of the mount table comes by itself; the rest (a device that went) is looked after.
constexpr int kScanMs = 5'000;
constexpr std::chrono::milliseconds kEndMsMax{100};  // from a guard's last unmount to its end

// Every file a program knows costs a descriptor here.
void RaiseDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max = std::max<rlim_t>(limit.rlim_max, 1 << 20);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void Wake(int fd) {
  const uint64_t one = 1;
  if (::write(fd, &one, sizeof(one)) < 0) return;  // full: it is awake
}

// An administrator's own word that this place is read-only, fstab(5).
bool ReadOnlyByTable(const std::string& mount_point) {
  const std::unique_ptr<FILE, int (*)(FILE*)> table(::setmntent("/etc/fstab", "re"), ::endmntent);
  if (!table) return false;
  mntent row{};
  std::array<char, 4096> text;
  while (::getmntent_r(table.get(), &row, text.data(), text.size()) != nullptr) {
    if (mount_point == row.mnt_dir && ::hasmntopt(&row, MNTOPT_RO) != nullptr) return true;
  }
  return false;
}

// File times are coarser than the clock: FAT counts in two seconds, others in ticks or less.
void Widen(timespec* from, const std::string& file_system) {
  constexpr long kTickNs = 10'000'000;
  const bool fat = file_system == "vfat" || file_system == "exfat" || file_system == "msdos";
  from->tv_sec -= fat ? 2 : 0;
  from->tv_nsec -= kTickNs;
  if (from->tv_nsec >= 0) return;
  from->tv_nsec += 1'000'000'000;
  --from->tv_sec;
}

}  // namespace

absl::Status UsbChannel::Start(EventSink& sink) {
  if (::geteuid() != 0) return absl::FailedPreconditionError("the USB guard needs root");
  if (::access("/dev/fuse", R_OK | W_OK) != 0) {
    return ErrnoStatus(errno, "the USB guard needs /dev/fuse");
  }
  if (absl::Status made = MakeFolders(options_.staging_folder, 0700); !made.ok()) return made;
  const UniqueFd probe(
      ::open(options_.staging_folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!probe) return ErrnoStatus(errno, "unnamed file in " + options_.staging_folder);
  wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return ErrnoStatus(errno, "eventfd");
  RaiseDescriptors();
  {
    const std::lock_guard lock(mutex_);
    sink_ = &sink;
  }
  stopping_ = false;
  protection_.Inherit(options_.protected_nodes_file);
  // Before the first look at mounts: what a killed agent left sealed stays so.
  WatchArrivals();
  Scan();
  {
    const std::lock_guard lock(mutex_);
    watching_ = true;
  }
  watch_ = std::thread([this] { Watch(); });
  return absl::OkStatus();
}

void UsbChannel::Stop() {
  if (!watch_.joinable()) return;
  stopping_ = true;
  Wake(wake_.get());
  watch_.join();
  arrivals_.reset();
  const std::lock_guard lock(mutex_);
  watching_ = false;
  for (auto& [device, guard] : guards_) {
    const std::string node = guard->identity().device.node();
    guard.reset();
    sink_->Report(v1::AgentEvent::KIND_DEVICE_RELEASED, node + ": the agent stops");
  }
  guards_.clear();
  foreign_.clear();
  lingering_.clear();
  sealing_.Arrived({});
  ProtectNodes();
}

void UsbChannel::ApplyPolicy(const v1::Policy& policy) {
  const std::lock_guard lock(mutex_);
  policy_ = policy.usb();
  for (auto& [device, guard] : guards_) guard->ApplyPolicy(policy_);
  if (sink_ != nullptr) ProtectNodes();
}

v1::ChannelState UsbChannel::State() const {
  const std::lock_guard lock(mutex_);
  v1::ChannelState state;
  state.set_channel("usb");
  state.set_guarded(static_cast<uint32_t>(guards_.size()));
  for (const auto& [device, guard] : guards_) {
    v1::GuardedDevice& guarded = *state.add_devices();
    *guarded.mutable_device() = guard->identity().device;
    guarded.set_mode(ModeFor(policy_, guard->identity().device));
    guarded.set_coverage(v1::COVERAGE_COVERED);
  }
  for (const Arrival* arrival : Sealed()) {
    if (!guards_.contains(arrival->number)) *state.add_sealed() = arrival->identity.device;
  }
  const std::vector<const Arrival*> open = Open();
  for (const Arrival* arrival : open) {
    v1::GuardedDevice& left = *state.add_devices();
    *left.mutable_device() = arrival->identity.device;
    left.set_mode(ModeFor(policy_, arrival->identity.device));
    left.set_coverage(v1::COVERAGE_PARTIAL);
    left.set_why("not mounted, and not read-only until it is: its file system cannot be sealed");
  }
  if (!watching_) {
    state.set_coverage(v1::COVERAGE_NOT_COVERED);
    state.set_why("not started");
  } else if (!uncovered_.empty()) {
    state.set_coverage(v1::COVERAGE_PARTIAL);
    state.set_why(uncovered_.begin()->second);
  } else if (!open.empty()) {
    state.set_coverage(v1::COVERAGE_PARTIAL);
    state.set_why("a stick that is not mounted can be written to past the guard");
  } else {
    state.set_coverage(v1::COVERAGE_COVERED);
  }
  return state;
}

void UsbChannel::Failed(const std::string& what) {
  spdlog::error("usb guard: {}", what);
  sink_->Report(v1::AgentEvent::KIND_GUARD_FAILED, what);
}

void UsbChannel::Watch() {
  const UniqueFd table(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!table) Failed("the mount table cannot be watched; looked at every few seconds");
  while (!stopping_) {
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {table.get(), POLLPRI, 0}};
    if (::poll(fds, 2, kScanMs) < 0 && errno != EINTR) break;
    uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0 && ::read(wake_.get(), &count, sizeof(count)) < 0) continue;
    if (!stopping_) Scan();
  }
}

void UsbChannel::Scan() {
  const std::lock_guard lock(mutex_);
  ReleaseEnded();
  timespec before{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &before);  // the one file systems take their times from
  std::vector<MountEntry> table = ReadMountTable();
  if (Heal(table)) table = ReadMountTable();
  const auto gone = [&table](int id) {
    return std::none_of(table.begin(), table.end(),
                        [id](const MountEntry& entry) { return entry.id == id; });
  };
  std::erase_if(uncovered_, [&](const auto& row) { return gone(row.first); });
  std::erase_if(hidden_, [&](int id) { return gone(id); });
  for (const MountEntry& entry : table) {
    if (MountOnTopOf(table, entry) == nullptr && hidden_.erase(entry.id) > 0) {
      uncovered_.erase(entry.id);
    }
  }
  std::erase_if(covered_, gone);
  std::erase_if(healed_, gone);
  std::erase_if(sealed_, gone);
  ReleaseOutlived(table);
  for (const MountEntry& entry : table) {
    if (entry.file_system == kGuardFileSystem || guards_.contains(entry.device) ||
        uncovered_.contains(entry.id)) {
      continue;
    }
    if (const auto identity = IdentifyRemovable(entry, options_)) GuardNew(entry, *identity);
  }
  scanned_ = before;
  table = ReadMountTable();
  CoverAll(table);
  FenceForeign(table);
  ProtectNodes();
}

// Asking a live one whether it is dead would make it busy just when the user unmounts it.
bool UsbChannel::OwnGuard(dev_t device) const {
  return std::any_of(guards_.begin(), guards_.end(),
                     [device](const auto& row) { return row.second->guard_device() == device; });
}

bool UsbChannel::Heal(const std::vector<MountEntry>& table) {
  bool healed = false;
  for (const MountEntry& entry : table) {
    if (entry.file_system != kGuardFileSystem || OwnGuard(entry.device)) continue;
    const auto lower = std::find_if(table.begin(), table.end(), [&entry](const MountEntry& below) {
      return below.id == entry.parent;
    });
    if (lower == table.end() || !IdentifyRemovable(*lower, options_)) continue;
    // Not stat(2): the kernel may answer for the dead.
    struct statfs st {};
    if (::statfs(entry.mount_point.c_str(), &st) == 0 || errno != ENOTCONN) continue;
    if (::umount2(entry.mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
      Failed(fmt::format("{}: a dead guard could not be taken away", entry.mount_point));
      continue;
    }
    healed_.insert(entry.parent);
    uncovered_.erase(entry.parent);
    healed = true;
  }
  return healed;
}

void UsbChannel::OpenSealed(MountEntry& entry, const DeviceIdentity& identity) {
  const auto& own = identity.own_nodes;
  bool left = false;
  bool ours = false;
  for (const std::string& node : own) {
    left |= protection_.Inherited(node);
    ours |= protection_.Protects(node);
  }
  if (!ours || !entry.HasOption("ro") || ReadOnlyByTable(entry.mount_point)) return;
  // Its dead guard was taken away by somebody else.
  if (!entry.HasSuperOption("ro")) {
    if (left) healed_.insert(entry.id);
    return;
  }
  const absl::StatusOr<UniqueFd> mount = OpenMount(entry);
  if (!mount.ok()) return;  // Guard() says so
  protection_.Lift(own);
  if (const int error = SetFileSystemWritable(mount->get())) {
    sealing_.Spare(entry.device);
    Failed(fmt::format(
        "{} at {}: mounted while it was sealed, and stays read-only until it is "
        "unmounted and mounted again: {}",
        entry.source, entry.mount_point, std::string(ErrnoStatus(error, "reconfigure").message())));
    return;
  }
  for (const MountEntry& now : ReadMountTable()) {
    if (now.device == entry.device && now.HasOption("ro")) sealed_.insert(now.id);
    if (now.id == entry.id) entry = now;
  }
}

void UsbChannel::GuardNew(MountEntry entry, const DeviceIdentity& identity) {
  const dev_t device = entry.device;
  OpenSealed(entry, identity);
  const bool healed = healed_.contains(entry.id);
  const bool sealed = sealed_.contains(entry.id);
  auto guard = DeviceGuard::Guard(entry, healed || sealed, identity, options_, *sink_, policy_,
                                  [this] { Wake(wake_.get()); });
  // Once it can be written to, nobody may do so by the node either.
  if (sealed) ProtectNodes();
  if (!guard.ok()) {
    uncovered_[entry.id] = fmt::format("{} at {}: {}", entry.source, entry.mount_point,
                                       std::string(guard.status().message()));
    if (absl::IsAborted(guard.status())) hidden_.insert(entry.id);
    Failed(uncovered_[entry.id]);
    return;
  }
  guards_[device] = std::move(*guard);
  covered_.insert(entry.id);  // the user may unmount it before the table is read again
  const v1::Device& is = identity.device;
  const std::string what = fmt::format("{} at {} ({} {}:{}:{})", entry.source, entry.mount_point,
                                       is.bus(), is.vendor_id(), is.product_id(), is.serial());
  sink_->Report(v1::AgentEvent::KIND_DEVICE_GUARDED, what);
  if (healed) sink_->Report(v1::AgentEvent::KIND_GUARD_HEALED, what);
  if (const std::string& weakness = guards_[device]->weakness(); !weakness.empty()) {
    Failed(fmt::format("{}: ways round the guard are open: {}", entry.source, weakness));
  }
  ReportOpen(guards_[device]->root_device(), entry.source);
  // Mounted before the agent started: what was written then is not of its time.
  if (!watching_ || sealed) return;
  Period early{scanned_, {}};
  ::clock_gettime(CLOCK_REALTIME, &early.to);
  Widen(&early.from, entry.file_system);
  guards_[device]->LookForEarlyChanges(early, *sink_);
}

void UsbChannel::ReportOpen(dev_t files, const std::string& source) {
  for (const OpenFile& file : OpenForWriting(
           [files](const struct stat& st) { return st.st_dev == files && S_ISREG(st.st_mode); })) {
    Failed(
        fmt::format("{}: already open for writing by {} ({})", source, file.executable, file.pid));
  }
}

void UsbChannel::CoverAll(const std::vector<MountEntry>& table) {
  for (const MountEntry& entry : table) {
    const auto it = guards_.find(entry.device);
    if (it == guards_.end() || uncovered_.contains(entry.id)) continue;
    const MountEntry* const top = MountOnTopOf(table, entry);
    if (top != nullptr) {
      if (top->device == it->second->guard_device()) covered_.insert(entry.id);
      continue;
    }
    const bool going = MountOf(table, it->second->guard_device()) == nullptr;
    // The last one the guard had: what lies below goes after the guard's own mount, in Release().
    // Not so where another mount namespace keeps the guard.
    if (going && it->second->WaitEnded(kEndMsMax)) {
      Wake(wake_.get());
      continue;
    }
    // The user unmounted, or moved, what he saw there. A program that is turned away there again
    // and again must not hold it.
    if (covered_.erase(entry.id) > 0 && Unmount(entry).ok()) {
      sealed_.erase(entry.id);  // its number is the next mount's
      healed_.erase(entry.id);
      continue;
    }
    if (going) {
      Wake(wake_.get());
      continue;
    }
    Cover(*it->second, entry, table);
  }
}

void UsbChannel::Cover(DeviceGuard& guard, const MountEntry& entry,
                       const std::vector<MountEntry>& table) {
  const absl::Status covered =
      guard.Cover(entry, healed_.contains(entry.id) || sealed_.contains(entry.id), table);
  if (covered.ok()) {
    covered_.insert(entry.id);
    sink_->Report(
        v1::AgentEvent::KIND_BYPASS_ATTEMPT,
        fmt::format("{}: another mount at {}, guarded as well", entry.source, entry.mount_point));
    return;
  }
  uncovered_[entry.id] =
      fmt::format("{}: mounted at {}, where only the fence guards it: {}", entry.source,
                  entry.mount_point, std::string(covered.message()));
  Failed(uncovered_[entry.id]);
}

void UsbChannel::ReleaseEnded() {
  // Asked of the guards themselves: an end told by number could be taken for that of a successor.
  std::set<dev_t> ended;
  for (const auto& [device, guard] : guards_) {
    if (guard->ended()) ended.insert(device);
  }
  for (const dev_t device : ended) Release(device, "unmounted");
}

void UsbChannel::Release(dev_t device, const std::string& why) {
  const auto it = guards_.find(device);
  if (it == guards_.end()) return;
  const std::string node = it->second->identity().device.node();
  std::unique_ptr<DeviceGuard> last = std::move(it->second);
  guards_.erase(it);
  const Sealing::Time now = Sealing::Clock::now();
  sealing_.Released(last->identity(), now);
  // A mount may share the file system before the kernel has ended it.
  lingering_.emplace_back(now + Sealing::kSettleMs, last->TakeFence());
  mounted_.erase(device);
  // Before the file system goes: where it is not to be sealed it could not be mounted again from
  // protected nodes.
  ProtectNodes();
  // The guard's own mount goes first. The file system then ends with the last one that is seen, and
  // nobody who mounts the device anew comes to share it, writable as it is.
  last.reset();
  for (const MountEntry& entry : ReadMountTable()) {
    if (entry.device != device) continue;
    uncovered_.erase(entry.id);  // what stays mounted is guarded anew
    if (!covered_.contains(entry.id)) continue;
    if (const absl::Status unmounted = Unmount(entry); !unmounted.ok()) {
      Failed(fmt::format("{} stays mounted at {} without its guard: {}", node, entry.mount_point,
                         std::string(unmounted.message())));
      continue;
    }
    // The kernel gives its number to the next mount, which is none of these.
    covered_.erase(entry.id);
    sealed_.erase(entry.id);
    healed_.erase(entry.id);
  }
  if (arrivals_) arrivals_->LookAgain(2 * Sealing::kSettleMs);
  sink_->Report(v1::AgentEvent::KIND_DEVICE_RELEASED, fmt::format("{}: {}", node, why));
}

void UsbChannel::ReleaseOutlived(const std::vector<MountEntry>& table) {
  std::set<dev_t> outlived;
  for (const auto& [device, guard] : guards_) {
    const bool mounted_again =
        std::any_of(table.begin(), table.end(), [&, of = device](const MountEntry& entry) {
          return entry.device == of && !covered_.contains(entry.id);
        });
    if (mounted_again && MountOf(table, guard->guard_device()) == nullptr) outlived.insert(device);
  }
  for (const dev_t device : outlived) Release(device, "unmounted, and mounted again");
}

}  // namespace shoumi::agent::usb
