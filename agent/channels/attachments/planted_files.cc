#include "agent/channels/attachments/planted_files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace shoumi::agent::attachments {
namespace {

constexpr uint64_t kChanges = FAN_CLOSE_WRITE | FAN_CREATE | FAN_MOVED_TO | FAN_ONDIR;

}  // namespace

PlantedFiles::PlantedFiles(UniqueFd group, UniqueFd stop, Openers& openers, Rules rules)
    : group_(std::move(group)),
      stop_(std::move(stop)),
      openers_(openers),
      rules_(std::move(rules)) {}

absl::StatusOr<std::unique_ptr<PlantedFiles>> PlantedFiles::Start(Openers& openers, Rules rules) {
  UniqueFd group(::fanotify_init(
      FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DIR_FID | FAN_REPORT_NAME,
      O_RDONLY | O_CLOEXEC));
  if (!group) return ErrnoStatus(errno, "fanotify_init");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoStatus(errno, "eventfd");
  std::unique_ptr<PlantedFiles> planted(
      new PlantedFiles(std::move(group), std::move(stop), openers, std::move(rules)));
  planted->thread_ = std::thread([p = planted.get()] { p->Run(); });
  return planted;
}

absl::Status PlantedFiles::Add(const FileSystem& system, int mount) {
  struct statfs name {};
  const std::string self = fmt::format("/proc/self/fd/{}", mount);
  if (::statfs(self.c_str(), &name) != 0) return ErrnoStatus(errno, "statfs");
  if (::fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, kChanges, AT_FDCWD,
                      self.c_str()) != 0) {
    return ErrnoStatus(errno, "fanotify_mark");
  }
  const std::lock_guard lock(mutex_);
  systems_[{name.f_fsid.__val[0], name.f_fsid.__val[1]}] = system;
  return absl::OkStatus();
}

// Its mark goes with the file system, or with this object; what is told until then is passed over.
void PlantedFiles::Remove(const FileSystem& system) {
  const std::lock_guard lock(mutex_);
  std::erase_if(systems_, [&](const auto& row) { return row.second.device == system.device; });
  std::erase_if(files_, [&](const auto& file) { return file.first == system.device; });
}

void PlantedFiles::Stop() {
  if (stopping_.exchange(true)) return;
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) < 0) return;  // never full: this is its only writer
  if (thread_.joinable()) thread_.join();
}

void PlantedFiles::Run() {
  while (!stopping_) {
    pollfd fds[2] = {{group_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    const std::lock_guard lock(mutex_);
    ReadAll();
  }
}

bool PlantedFiles::Has(const FileVersion& version, const std::string& path) {
  const std::lock_guard lock(mutex_);
  ReadAll();
  return files_.contains({version.device, version.inode}) ||
         std::ranges::any_of(
             folders_, [&](const std::string& folder) { return path.starts_with(folder + "/"); });
}

void PlantedFiles::ReadAll() {
  alignas(fanotify_event_metadata) char buffer[8192];
  for (;;) {
    ssize_t left = ::read(group_.get(), buffer, sizeof(buffer));
    if (left < 0 && errno == EINTR) continue;
    if (left <= 0) return;
    const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer);
    for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
      if ((event->mask & FAN_Q_OVERFLOW) != 0) {
        ++lost_;
      } else if (event->event_len > FAN_EVENT_METADATA_LEN && event->pid != ::getpid()) {
        Take(event->pid, event->mask, event + 1);
      }
    }
  }
}

void PlantedFiles::Take(pid_t pid, uint64_t mask, const void* record) {
  const auto* info = static_cast<const fanotify_event_info_fid*>(record);
  if (info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME) return;
  // The kernel puts the name behind the handle.
  auto* handle = const_cast<file_handle*>(reinterpret_cast<const file_handle*>(info->handle));
  const char* const name = reinterpret_cast<const char*>(handle->f_handle) + handle->handle_bytes;
  if (std::string_view(name) == ".") return;
  const auto system = systems_.find({info->fsid.val[0], info->fsid.val[1]});
  if (system == systems_.end()) return;
  const absl::StatusOr<UniqueFd> mount = OpenMount(system->second);
  if (!mount.ok()) return;
  // An O_PATH descriptor does not serve as the place to look from.
  const UniqueFd place(
      ::open(fmt::format("/proc/self/fd/{}", mount->get()).c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd folder(::open_by_handle_at(place.get(), handle, O_PATH | O_CLOEXEC));
  if (folder) Changed(pid, (mask & FAN_ONDIR) != 0 && (mask & FAN_MOVED_TO) != 0, folder, name);
}

void PlantedFiles::Changed(pid_t pid, bool whole_folder, const UniqueFd& folder,
                           const std::string& name) {
  const auto rules = rules_();
  struct statx is {};
  if (rules == nullptr ||
      ::statx(folder.get(), name.c_str(), AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
              STATX_BASIC_STATS, &is) != 0) {
    return;
  }
  const std::string path = fmt::format("{}/{}", PathOf(folder.get()), name);
  const v1::App* owner = rules->WatchedOwnerOf(path + (whole_folder ? "/a" : ""), is.stx_uid);
  if (owner == nullptr) return;
  const std::pair<dev_t, uint64_t> file{makedev(is.stx_dev_major, is.stx_dev_minor), is.stx_ino};
  const bool own = IsByItself(pid, *owner);
  if (own) {
    files_.erase(file);
    folders_.erase(path);
    return;
  }
  if (files_.size() >= kFilesMax || folders_.size() >= kFoldersMax) {
    files_.clear();
    folders_.clear();
    ++lost_;
  }
  if (whole_folder) {
    folders_.insert(path);
  } else if (S_ISREG(is.stx_mode)) {
    files_.insert(file);
  }
}

bool PlantedFiles::IsByItself(pid_t pid, const v1::App& app) const {
  return openers_.AppOf(pid, rules_()) == app.id();
}

}  // namespace shoumi::agent::attachments
