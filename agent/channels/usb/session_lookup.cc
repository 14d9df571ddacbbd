#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {
namespace {

// The guard is the only way to the device, so the kernel may keep what it was told. What is
// pending can go without the kernel's doing, so it is asked for each time.
constexpr double kKnownSeconds = 60;
constexpr double kFolderAttributeSeconds = 1;  // commits of children change its times

struct OpenFolder {
  struct Row {
    std::string name;
    ino_t inode;
    mode_t type;
  };
  std::mutex mutex;
  bool loaded = false;
  std::vector<Row> rows;
};

OpenFolder* FolderOf(const fuse_file_info* fi) {
  return reinterpret_cast<OpenFolder*>(fi->fh);
}

int LoadLower(int path, const std::set<std::string, std::less<>>& pending,
              std::vector<OpenFolder::Row>* rows) {
  const int fd = ::openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  DIR* const dir = ::fdopendir(fd);
  if (dir == nullptr) {
    const int error = errno;
    ::close(fd);
    return error;
  }
  errno = 0;
  while (const dirent* const entry = ::readdir(dir)) {
    if (!pending.contains(std::string_view(entry->d_name))) {
      rows->push_back({entry->d_name, entry->d_ino, static_cast<mode_t>(DTTOIF(entry->d_type))});
    }
    errno = 0;
  }
  const int error = errno;
  ::closedir(dir);
  return error;
}

}  // namespace

int Session::StatLocked(const Node& node, struct stat* st) const {
  if (node.pending) {
    *st = node.attributes;
    st->st_nlink = node.names.size();
  } else if (::fstatat(node.path.get(), "", st, AT_EMPTY_PATH) != 0) {
    return errno;
  }
  st->st_ino = node.shown_inode;
  if (node.staged) {
    st->st_size = static_cast<off_t>(node.staged->size());
    st->st_mtim = node.staged_mtime;
    st->st_ctim = node.staged_mtime;
    if (node.pending) st->st_blocks = 0;
    st->st_blocks += static_cast<blkcnt_t>(node.staged->reserved_bytes() / 512);
  }
  return 0;
}

int Session::StatNode(const Node& node, struct stat* st) const {
  const std::lock_guard lock(node.mutex);
  return StatLocked(node, st);
}

int Session::FindEntry(const NodePtr& parent, const char* name, fuse_entry_param* entry) {
  *entry = {};
  const auto pending = parent->pending_children.find(std::string_view(name));
  NodePtr node;
  if (pending != parent->pending_children.end()) {
    node = pending->second;
    table_.Keep(node);
  } else {
    UniqueFd path(::openat(parent->path.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!path) return errno;
    struct stat st {};
    if (::fstat(path.get(), &st) != 0) return errno;
    node = table_.Remember(std::move(path), st);
  }
  const std::lock_guard lock(node->mutex);
  if (const int error = StatLocked(*node, &entry->attr)) {
    table_.Forget(node.get(), 1);
    return error;
  }
  entry->ino = reinterpret_cast<fuse_ino_t>(node.get());
  entry->entry_timeout = node->pending || node->born_empty ? 0 : kKnownSeconds;
  entry->attr_timeout = node->staged || node->pending ? 0
                        : node->type == S_IFDIR       ? kFolderAttributeSeconds
                                                      : kKnownSeconds;
  return 0;
}

void Session::Lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
  if (const int error = RefuseAccess()) {
    fuse_reply_err(req, error);
    return;
  }
  fuse_entry_param entry;
  int error = 0;
  {
    const std::shared_lock names(names_);
    error = FindEntry(At(parent), name, &entry);
  }
  if (error == ENOENT) {
    entry = {};
    entry.entry_timeout = kKnownSeconds;
    error = 0;
  }
  if (error) {
    fuse_reply_err(req, error);
  } else if (fuse_reply_entry(req, &entry) != 0 && entry.ino != 0) {
    Forget(entry.ino, 1);
  }
}

int Session::ReplyEntry(fuse_req_t req, const NodePtr& parent, const char* name) {
  fuse_entry_param entry;
  if (const int error = FindEntry(parent, name, &entry)) return error;
  if (fuse_reply_entry(req, &entry) != 0) Forget(entry.ino, 1);
  return 0;
}

void Session::Forget(fuse_ino_t ino, uint64_t lookups) {
  if (ino != FUSE_ROOT_ID) table_.Forget(reinterpret_cast<Node*>(ino), lookups);
}

void Session::GetAttr(fuse_req_t req, fuse_ino_t ino) {
  const NodePtr node = At(ino);
  struct stat st {};
  const std::shared_lock names(names_);
  std::unique_lock lock(node->mutex);
  const int error = StatLocked(*node, &st);
  const double seconds = node->staged || node->pending ? 0
                         : node->type == S_IFDIR       ? kFolderAttributeSeconds
                                                       : kKnownSeconds;
  lock.unlock();
  if (error) {
    fuse_reply_err(req, error);
  } else {
    fuse_reply_attr(req, &st, seconds);
  }
}

void Session::ReadLink(fuse_req_t req, fuse_ino_t ino) {
  if (const int error = RefuseAccess()) {
    fuse_reply_err(req, error);
    return;
  }
  const NodePtr node = At(ino);
  char target[PATH_MAX + 1];
  const ssize_t n = ::readlinkat(node->path.get(), "", target, sizeof(target) - 1);
  if (n < 0) {
    fuse_reply_err(req, errno);
    return;
  }
  target[n] = 0;
  fuse_reply_readlink(req, target);
}

void Session::StatFs(fuse_req_t req) {
  struct statvfs st {};
  const UniqueFd root(::openat(root_->path.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root || ::fstatvfs(root.get(), &st) != 0) {
    fuse_reply_err(req, errno);
    return;
  }
  const uint64_t held = room_->outstanding_bytes() / std::max<uint64_t>(1, st.f_frsize);
  st.f_bfree -= std::min<uint64_t>(held, st.f_bfree);
  st.f_bavail -= std::min<uint64_t>(held, st.f_bavail);
  fuse_reply_statfs(req, &st);
}

void Session::OpenDir(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
  const NodePtr node = At(ino);
  if (const int error = RefuseAccess()) {
    RecordRefusal(req, "open", node, "", v1::USB_MODE_DENY);
    fuse_reply_err(req, error);
    return;
  }
  auto* const folder = new OpenFolder;
  fi->fh = reinterpret_cast<uint64_t>(folder);
  if (fuse_reply_open(req, fi) != 0) delete folder;
}

void Session::ReleaseDir(fuse_req_t req, fuse_file_info* fi) {
  delete FolderOf(fi);
  fuse_reply_err(req, 0);
}

void Session::FsyncDir(fuse_req_t req, fuse_ino_t ino) {
  const NodePtr node = At(ino);
  const UniqueFd fd(::openat(node->path.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Not every file system of a stick can sync a folder; programs do not expect that to fail.
  const bool failed = !fd || (::fsync(fd.get()) != 0 && errno != EINVAL);
  fuse_reply_err(req, failed ? errno : 0);
}

void Session::ReadDir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, fuse_file_info* fi,
                      bool plus) {
  if (const int error = RefuseAccess()) {
    fuse_reply_err(req, error);
    return;
  }
  const NodePtr node = At(ino);
  OpenFolder* const folder = FolderOf(fi);
  std::unique_lock lock(folder->mutex);
  std::shared_lock names(names_);
  if (!folder->loaded || offset == 0) {
    std::set<std::string, std::less<>> pending;
    folder->rows.clear();
    for (const auto& [name, child] : node->pending_children) {
      pending.insert(name);
      folder->rows.push_back({name, child->shown_inode, child->type});
    }
    if (const int error = LoadLower(node->path.get(), pending, &folder->rows)) {
      lock.unlock();
      fuse_reply_err(req, error);
      return;
    }
    folder->loaded = true;
  }
  std::string out(size, '\0');
  size_t used = 0;
  for (auto i = static_cast<size_t>(offset); i < folder->rows.size(); ++i) {
    const OpenFolder::Row& row = folder->rows[i];
    const auto next = static_cast<off_t>(i + 1);
    fuse_entry_param entry{};
    entry.attr.st_ino = row.inode;
    entry.attr.st_mode = row.type;
    const bool dots = row.name == "." || row.name == "..";
    size_t need = 0;
    if (!plus) {
      need = fuse_add_direntry(req, out.data() + used, size - used, row.name.c_str(), &entry.attr,
                               next);
    } else {
      // Gone since it was listed: left out, as the file system itself may.
      if (!dots && FindEntry(node, row.name.c_str(), &entry) != 0) continue;
      need = fuse_add_direntry_plus(req, out.data() + used, size - used, row.name.c_str(), &entry,
                                    next);
    }
    if (need > size - used) {
      if (entry.ino != 0) Forget(entry.ino, 1);
      break;
    }
    used += need;
  }
  names.unlock();
  lock.unlock();  // with the reply the folder may be closed, and gone
  fuse_reply_buf(req, out.data(), used);
}

}  // namespace shoumi::agent::usb
