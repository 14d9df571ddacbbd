#include "agent/channels/usb/fuse_mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "agent/channels/usb/mount_table.h"
#include "common/fd.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

constexpr unsigned kRequestBytesMax = 1 << 20;
constexpr unsigned kReadAheadBytes = 1 << 20;

Session& Of(fuse_req_t req) {
  return *static_cast<Session*>(fuse_req_userdata(req));
}

void Init(void*, fuse_conn_info* conn) {
  conn->max_write = kRequestBytesMax;
  conn->max_read = kRequestBytesMax;
  conn->max_readahead = kReadAheadBytes;
  const auto want = [conn](unsigned capability) { conn->want |= conn->capable & capability; };
  want(FUSE_CAP_SPLICE_WRITE);  // reads go from the device to the kernel without a detour
  want(FUSE_CAP_SPLICE_MOVE);
  want(FUSE_CAP_ATOMIC_O_TRUNC);
  want(FUSE_CAP_PARALLEL_DIROPS);
  want(FUSE_CAP_ASYNC_READ);
  want(FUSE_CAP_ASYNC_DIO);
  want(FUSE_CAP_READDIRPLUS);
  want(FUSE_CAP_READDIRPLUS_AUTO);
  want(FUSE_CAP_CACHE_SYMLINKS);
  // It takes two system calls where one does, for each request, and makes large writes no faster.
  conn->want &= ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ);
  // Every change comes through this mount; a refused one is invalidated by name.
  conn->want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA);
  // A write must be told at once that there is no room.
  conn->want &= ~static_cast<unsigned>(FUSE_CAP_WRITEBACK_CACHE);
}

void Forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups) {
  Of(req).Forget(ino, lookups);
  fuse_reply_none(req);
}

void ForgetMany(fuse_req_t req, size_t count, fuse_forget_data* forgets) {
  for (size_t i = 0; i < count; ++i) Of(req).Forget(forgets[i].ino, forgets[i].nlookup);
  fuse_reply_none(req);
}

using Req = fuse_req_t;
using Ino = fuse_ino_t;
using Info = fuse_file_info*;

void SetNameOperations(fuse_lowlevel_ops& ops) {
  ops.lookup = [](Req r, Ino p, const char* n) { Of(r).Lookup(r, p, n); };
  ops.forget = Forget;
  ops.forget_multi = ForgetMany;
  ops.readlink = [](Req r, Ino i) { Of(r).ReadLink(r, i); };
  ops.mknod = [](Req r, Ino p, const char* n, mode_t m, dev_t) { Of(r).MkNod(r, p, n, m); };
  ops.mkdir = [](Req r, Ino p, const char* n, mode_t m) { Of(r).MkDir(r, p, n, m); };
  ops.unlink = [](Req r, Ino p, const char* n) { Of(r).Unlink(r, p, n); };
  ops.rmdir = [](Req r, Ino p, const char* n) { Of(r).RmDir(r, p, n); };
  ops.symlink = [](Req r, const char* t, Ino p, const char* n) { Of(r).SymLink(r, t, p, n); };
  ops.rename = [](Req r, Ino p, const char* n, Ino np, const char* nn, unsigned f) {
    Of(r).Rename(r, p, n, np, nn, f);
  };
  ops.link = [](Req r, Ino i, Ino p, const char* n) { Of(r).Link(r, i, p, n); };
  ops.opendir = [](Req r, Ino i, Info f) { Of(r).OpenDir(r, i, f); };
  ops.readdir = [](Req r, Ino i, size_t s, off_t o, Info f) {
    Of(r).ReadDir(r, i, s, o, f, false);
  };
  ops.readdirplus = [](Req r, Ino i, size_t s, off_t o, Info f) {
    Of(r).ReadDir(r, i, s, o, f, true);
  };
  ops.releasedir = [](Req r, Ino, Info f) { Of(r).ReleaseDir(r, f); };
  ops.fsyncdir = [](Req r, Ino i, int, Info) { Of(r).FsyncDir(r, i); };
  ops.statfs = [](Req r, Ino) { Of(r).StatFs(r); };
}

void SetFileOperations(fuse_lowlevel_ops& ops) {
  ops.getattr = [](Req r, Ino i, Info) { Of(r).GetAttr(r, i); };
  ops.setattr = [](Req r, Ino i, struct stat* st, int w, Info f) { Of(r).SetAttr(r, i, st, w, f); };
  ops.open = [](Req r, Ino i, Info f) { Of(r).Open(r, i, f); };
  ops.create = [](Req r, Ino p, const char* n, mode_t m, Info f) { Of(r).Create(r, p, n, m, f); };
  ops.read = [](Req r, Ino i, size_t s, off_t o, Info f) { Of(r).Read(r, i, s, o, f); };
  ops.write_buf = [](Req r, Ino, fuse_bufvec* b, off_t o, Info f) { Of(r).Write(r, b, o, f); };
  ops.flush = [](Req r, Ino, Info f) { Of(r).Flush(r, f); };
  ops.release = [](Req r, Ino, Info f) { Of(r).Release(r, f); };
  ops.fsync = [](Req r, Ino, int, Info f) { Of(r).Fsync(r, f); };
  ops.fallocate = [](Req r, Ino, int m, off_t o, off_t l, Info f) {
    Of(r).Fallocate(r, m, o, l, f);
  };
  ops.lseek = [](Req r, Ino, off_t o, int w, Info f) { Of(r).Seek(r, o, w, f); };
  ops.setxattr = [](Req r, Ino i, const char* n, const char* v, size_t s, int f) {
    Of(r).SetXattr(r, i, n, std::string(v, s), f);
  };
  ops.getxattr = [](Req r, Ino i, const char* n, size_t s) { Of(r).GetXattr(r, i, n, s); };
  ops.listxattr = [](Req r, Ino i, size_t s) { Of(r).ListXattr(r, i, s); };
  ops.removexattr = [](Req r, Ino i, const char* n) { Of(r).RemoveXattr(r, i, n); };
}

// ioctl, locks and copy_file_range are left to the kernel: it refuses, keeps them itself, and
// copies through reads and writes.
const fuse_lowlevel_ops& Operations() {
  static const fuse_lowlevel_ops ops = [] {
    fuse_lowlevel_ops all{};
    all.init = Init;
    SetNameOperations(all);
    SetFileOperations(all);
    return all;
  }();
  return ops;
}

// Through a mount of the control file system that nobody else sees. 0 or an errno value.
int AbortConnection(dev_t device) {
  const UniqueFd context(::fsopen("fusectl", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno;
  }
  const UniqueFd control(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!control) return errno;
  const std::string path = fmt::format("{}/abort", minor(device));
  const UniqueFd abort(::openat(control.get(), path.c_str(), O_WRONLY | O_CLOEXEC));
  return abort && ::write(abort.get(), "1", 1) == 1 ? 0 : errno;
}

// The kernel caps a FUSE mount's read-ahead at 128 KiB unless told otherwise there.
void RaiseReadAhead(dev_t device) {
  const std::string path =
      fmt::format("/sys/class/bdi/{}:{}/read_ahead_kb", major(device), minor(device));
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || !WriteAll(fd.get(), std::to_string(kReadAheadBytes >> 10)).ok()) {
    spdlog::info("{}: read-ahead stays at the kernel's default", path);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<FuseMount>> FuseMount::Mount(Session& session,
                                                            const FuseMountOptions& options,
                                                            std::function<void()> ended) {
  std::unique_ptr<FuseMount> mount(new FuseMount(session, options));
  const std::string flags = fmt::format(
      "allow_other,default_permissions,nosuid,nodev,fsname={},subtype=shoumi,max_read={}{}{}",
      options.device, kRequestBytesMax, options.read_only ? ",ro" : "",
      options.no_exec ? ",noexec" : "");
  fuse_args args{};
  const bool added = fuse_opt_add_arg(&args, "shoumi-agent") == 0 &&
                     fuse_opt_add_arg(&args, "-o") == 0 &&
                     fuse_opt_add_arg(&args, flags.c_str()) == 0;
  if (added) {
    mount->fuse_ = fuse_session_new(&args, &Operations(), sizeof(Operations()), &session);
  }
  fuse_opt_free_args(&args);
  if (mount->fuse_ == nullptr) return absl::InternalError("libfuse refused the mount's options");
  if (fuse_session_mount(mount->fuse_, options.mount_point.c_str()) != 0) {
    const int error = errno;
    fuse_session_destroy(std::exchange(mount->fuse_, nullptr));
    return ErrnoStatus(error, "mounting the guard over " + options.mount_point);
  }
  session.SetChannel(mount->fuse_);
  mount->loop_ = std::thread([raw = mount.get(), ended = std::move(ended)] {
    fuse_loop_config* const config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    fuse_loop_cfg_set_max_threads(config, raw->options_.threads_max);
    fuse_loop_cfg_set_idle_threads(config, raw->options_.threads_max);
    fuse_session_loop_mt(raw->fuse_, config);
    fuse_loop_cfg_destroy(config);
    {
      const std::lock_guard lock(raw->end_mutex_);
      raw->ended_ = true;
    }
    raw->end_.notify_all();
    ended();
  });
  // From the table: stat(2) would keep the mount busy just when its user takes it away again. Not
  // there: that happened already, and the loop ends.
  const std::vector<MountEntry> table = ReadMountTable();
  const auto at = std::find_if(table.rbegin(), table.rend(), [&options](const MountEntry& entry) {
    return entry.file_system == kGuardFileSystem && entry.mount_point == options.mount_point;
  });
  if (at != table.rend()) {
    mount->device_ = at->device;
    RaiseReadAhead(at->device);
  }
  return mount;
}

bool FuseMount::WaitEnded(std::chrono::milliseconds time) const {
  std::unique_lock lock(end_mutex_);
  return end_.wait_for(lock, time, [this] { return ended(); });
}

void FuseMount::Unmount() {
  if (fuse_ == nullptr) return;
  // The connection ends although programs hold files open, or another namespace the mount.
  if (!ended_ && device_ != 0) {
    if (const int error = AbortConnection(device_)) {
      spdlog::error("{}: the guard's connection cannot be ended: {}", options_.device,
                    std::string(ErrnoStatus(error, "fusectl").message()));
    }
  }
  // Wherever it was moved to, and what was bound from it; the last one on top first.
  std::vector<MountEntry> table = ReadMountTable();
  for (auto entry = table.rbegin(); entry != table.rend(); ++entry) {
    if (entry->device != device_) continue;
    ::umount2(entry->mount_point.c_str(), MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  if (loop_.joinable()) loop_.join();
  session_.SetChannel(nullptr);
  fuse_session_unmount(fuse_);  // the mount is gone; frees what belongs to it
  fuse_session_destroy(std::exchange(fuse_, nullptr));
}

FuseMount::~FuseMount() {
  Unmount();
}

}  // namespace shoumi::agent::usb
