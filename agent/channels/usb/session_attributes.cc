#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {
namespace {

// Attributes that programs may fill with what they like. The others have a meaning to the kernel
// and are set by the administrator's programs or say who may do what.
bool CarriesContent(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.");
}

timespec TimeOf(const timespec& wanted, int which, int set_bit, int now_bit) {
  if ((which & now_bit) != 0) return {0, UTIME_NOW};
  if ((which & set_bit) != 0) return wanted;
  return {0, UTIME_OMIT};
}

void SetTime(timespec* to, const timespec& from) {
  if (from.tv_nsec == UTIME_OMIT) return;
  if (from.tv_nsec == UTIME_NOW) {
    ::clock_gettime(CLOCK_REALTIME, to);
  } else {
    *to = from;
  }
}

}  // namespace

int Session::ApplyAttributes(Node& node, const struct stat& wanted, int which) {
  const timespec times[2] = {
      TimeOf(wanted.st_atim, which, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW),
      TimeOf(wanted.st_mtim, which, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW)};
  const bool has_owner = (which & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0;
  const bool has_times = times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT;
  const uid_t uid = (which & FUSE_SET_ATTR_UID) != 0 ? wanted.st_uid : static_cast<uid_t>(-1);
  const gid_t gid = (which & FUSE_SET_ATTR_GID) != 0 ? wanted.st_gid : static_cast<gid_t>(-1);
  if (node.staged && has_times) SetTime(&node.staged_mtime, times[1]);
  if (node.pending) {
    struct stat& st = node.attributes;
    if ((which & FUSE_SET_ATTR_UID) != 0) st.st_uid = uid;
    if ((which & FUSE_SET_ATTR_GID) != 0) st.st_gid = gid;
    if ((which & FUSE_SET_ATTR_MODE) != 0) st.st_mode = S_IFREG | (wanted.st_mode & 07777);
    SetTime(&st.st_atim, times[0]);
    return 0;
  }
  const int fd = node.path.get();
  if (has_owner && ::fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    return errno;
  }
  if ((which & FUSE_SET_ATTR_MODE) != 0) {
    if (node.type == S_IFLNK) return EOPNOTSUPP;
    if (::chmod(ProcPath(fd).c_str(), wanted.st_mode & 07777) != 0) return errno;
  }
  if (has_times && ::utimensat(fd, "", times, AT_EMPTY_PATH) != 0) return errno;
  return 0;
}

void Session::ReplyAttr(fuse_req_t req, const NodePtr& node, int error) {
  struct stat st {};
  if (!error) {
    const std::shared_lock names(names_);
    error = StatNode(*node, &st);
  }
  if (error) {
    fuse_reply_err(req, error);
  } else {
    fuse_reply_attr(req, &st, 0);
  }
}

void Session::SetAttr(fuse_req_t req, fuse_ino_t ino, const struct stat* wanted, int which,
                      fuse_file_info* fi) {
  const NodePtr node = At(ino);
  if (const int error = RefuseChange(req, "attributes", node, "")) {
    fuse_reply_err(req, error);
    return;
  }
  auto* const handle = fi == nullptr ? nullptr : reinterpret_cast<Handle*>(fi->fh);
  std::unique_lock lock(node->mutex);
  if (node->judging) {
    const struct stat held = *wanted;
    const bool has_handle = fi != nullptr;
    const fuse_file_info info = has_handle ? *fi : fuse_file_info{};
    node->waiting.emplace_back([this, req, ino, held, which, has_handle, info] {
      fuse_file_info again = info;
      SetAttr(req, ino, &held, which, has_handle ? &again : nullptr);
    });
    return;
  }
  int error = 0;
  const bool truncates = (which & FUSE_SET_ATTR_SIZE) != 0;
  if (truncates) {
    error = handle != nullptr && handle->refusal ? handle->refusal : node->refusal;
    if (!error) error = TruncateLocked(*node, static_cast<uint64_t>(wanted->st_size));
  }
  if (!error) error = ApplyAttributes(*node, *wanted, which);
  // Nobody who could be told later has it open: judged and carried out at once.
  if (!error && truncates && node->writers.empty() && !node->pending) {
    Judgement judgement;
    judgement.operation = "truncate";
    judgement.caller = CallerOf(req);
    judgement.done = [this, req, node](int failed) { ReplyAttr(req, node, failed); };
    Judge(std::move(lock), node, std::move(judgement));
    return;
  }
  lock.unlock();
  ReplyAttr(req, node, error);
}

void Session::ChangeXattr(fuse_req_t req, const NodePtr& node,
                          const std::function<int(Node& node)>& change) {
  std::unique_lock lock(node->mutex);
  if (node->judging) {
    node->waiting.emplace_back([req, node, change] { ChangeXattr(req, node, change); });
    return;
  }
  const int error = change(*node);
  lock.unlock();
  fuse_reply_err(req, error);
}

int Session::ApplyXattr(Node& node, const std::string& name, const std::string& value, int flags) {
  if (!node.pending) {
    return ::setxattr(ProcPath(node.path.get()).c_str(), name.c_str(), value.data(), value.size(),
                      flags) == 0
               ? 0
               : errno;
  }
  const bool there = node.xattrs.contains(name);
  if (there && (flags & XATTR_CREATE) != 0) return EEXIST;
  if (!there && (flags & XATTR_REPLACE) != 0) return ENODATA;
  constexpr size_t kXattrsMax = 256;
  if (!there && node.xattrs.size() >= kXattrsMax) return ENOSPC;
  node.xattrs[name] = value;
  return 0;
}

void Session::SetXattr(fuse_req_t req, fuse_ino_t ino, const char* name, const std::string& value,
                       int flags) {
  const NodePtr node = At(ino);
  if (const int error = RefuseChange(req, "xattr", node, "")) {
    fuse_reply_err(req, error);
    return;
  }
  const std::string kept = name;
  const auto apply = [req, node, kept, value, flags] {
    ChangeXattr(req, node,
                [kept, value, flags](Node& to) { return ApplyXattr(to, kept, value, flags); });
  };
  if (!CarriesContent(kept)) {
    apply();
    return;
  }
  Draft draft;
  draft.operation = "xattr";
  {
    const std::shared_lock names(names_);
    draft.destination = PathOf(*node);
  }
  draft.name = kept;
  draft.text = value;
  draft.content_bytes = value.size();
  draft.caller = CallerOf(req);
  Ask(std::move(draft), [req, apply](int error) {
    if (error) {
      fuse_reply_err(req, error);
    } else {
      apply();
    }
  });
}

void Session::GetXattr(fuse_req_t req, fuse_ino_t ino, const char* name, size_t size) {
  const NodePtr node = At(ino);
  std::string value;
  int error = RefuseAccess();
  if (!error) {
    const std::lock_guard lock(node->mutex);
    if (node->pending) {
      const auto it = node->xattrs.find(name);
      if (it == node->xattrs.end()) {
        error = ENODATA;
      } else {
        value = it->second;
      }
    } else {
      const std::string path = ProcPath(node->path.get());
      ssize_t n = ::getxattr(path.c_str(), name, nullptr, 0);
      if (n > 0) {
        value.resize(static_cast<size_t>(n));
        n = ::getxattr(path.c_str(), name, value.data(), value.size());
      }
      if (n < 0) error = errno;
      value.resize(n < 0 ? 0 : static_cast<size_t>(n));
    }
  }
  if (!error && size != 0 && value.size() > size) error = ERANGE;
  if (error) {
    fuse_reply_err(req, error);
  } else if (size == 0) {
    fuse_reply_xattr(req, value.size());
  } else {
    fuse_reply_buf(req, value.data(), value.size());
  }
}

void Session::ListXattr(fuse_req_t req, fuse_ino_t ino, size_t size) {
  const NodePtr node = At(ino);
  std::string list;
  int error = RefuseAccess();
  if (!error) {
    const std::lock_guard lock(node->mutex);
    if (node->pending) {
      for (const auto& [name, value] : node->xattrs) list.append(name).push_back('\0');
    } else {
      const std::string path = ProcPath(node->path.get());
      ssize_t n = ::listxattr(path.c_str(), nullptr, 0);
      if (n > 0) {
        list.resize(static_cast<size_t>(n));
        n = ::listxattr(path.c_str(), list.data(), list.size());
      }
      if (n < 0) error = errno;
      list.resize(n < 0 ? 0 : static_cast<size_t>(n));
    }
  }
  if (!error && size != 0 && list.size() > size) error = ERANGE;
  if (error) {
    fuse_reply_err(req, error);
  } else if (size == 0) {
    fuse_reply_xattr(req, list.size());
  } else {
    fuse_reply_buf(req, list.data(), list.size());
  }
}

void Session::RemoveXattr(fuse_req_t req, fuse_ino_t ino, const char* name) {
  const NodePtr node = At(ino);
  if (const int error = RefuseChange(req, "xattr", node, "")) {
    fuse_reply_err(req, error);
    return;
  }
  ChangeXattr(req, node, [kept = std::string(name)](Node& from) {
    if (from.pending) return from.xattrs.erase(kept) > 0 ? 0 : ENODATA;
    return ::removexattr(ProcPath(from.path.get()).c_str(), kept.c_str()) == 0 ? 0 : errno;
  });
}

}  // namespace shoumi::agent::usb
