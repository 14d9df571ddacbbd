#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {

// ENOENT: free. How long a name may be is the device's to say: FAT takes 255 UTF-16 units, which
// are up to 765 bytes here.
int Session::NameTaken(const NodePtr& parent, const char* name) const {
  if (parent->pending_children.contains(std::string_view(name))) return EEXIST;
  struct stat st {};
  return ::fstatat(parent->path.get(), name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : errno;
}

bool Session::PutOff(const NodePtr& node, std::function<void()> again) {
  const std::lock_guard lock(node->mutex);
  if (!node->judging) return false;
  node->waiting.push_back(std::move(again));
  return true;
}

NodePtr Session::PendingAt(const NodePtr& parent, const std::string& name) {
  const auto it = parent->pending_children.find(name);
  return it == parent->pending_children.end() ? nullptr : it->second;
}

void Session::TakeName(const NodePtr& node, const NodePtr& parent, const std::string& name) {
  const std::lock_guard lock(node->mutex);
  std::erase_if(node->names,
                [&](const Node::Name& at) { return at.parent == parent && at.name == name; });
  parent->pending_children.erase(name);
}

void Session::GiveName(const NodePtr& node, const NodePtr& parent, const std::string& name) {
  const std::lock_guard lock(node->mutex);
  node->names.push_back({parent, name});
  parent->pending_children[name] = node;
  node->dirty = true;  // the verdict was for the name it had
  node->accepted = false;
}

NodePtr Session::OnDevice(const NodePtr& parent, const std::string& name) const {
  struct stat st {};
  if (::fstatat(parent->path.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return nullptr;
  return table_.Find(LowerKey{st.st_dev, st.st_ino});
}

int Session::RemoveHidden(const NodePtr& parent, const std::string& name) {
  const NodePtr hidden = OnDevice(parent, name);
  if (::unlinkat(parent->path.get(), name.c_str(), 0) != 0) return errno == ENOENT ? 0 : errno;
  if (hidden) Drop(hidden, Cached::kAttributes, [] {});  // it has a link less
  return 0;
}

bool Session::HoldsPending(const NodePtr& parent, const std::string& name) const {
  const NodePtr child = OnDevice(parent, name);
  return child && !child->pending_children.empty();
}

void Session::AskName(fuse_req_t req, const char* operation, const NodePtr& parent,
                      std::string name, std::string text, std::function<void()> then) {
  Draft draft;
  draft.operation = operation;
  {
    const std::shared_lock names(names_);
    draft.destination = PathOf(parent, name);
  }
  draft.content_bytes = text.size();
  draft.name = std::move(name);
  draft.text = std::move(text);
  draft.caller = CallerOf(req);
  Ask(std::move(draft), [req, then = std::move(then)](int error) {
    if (error) {
      fuse_reply_err(req, error);
    } else {
      then();
    }
  });
}

int Session::MakeOwned(fuse_req_t req, const NodePtr& parent, const char* name, mode_t mode) const {
  struct stat folder {};
  if (::fstatat(parent->path.get(), "", &folder, AT_EMPTY_PATH) != 0) return errno;
  const bool inherits = (folder.st_mode & S_ISGID) != 0;
  const fuse_ctx* const ctx = fuse_req_ctx(req);
  const gid_t gid = inherits ? folder.st_gid : ctx->gid;
  // FAT has no owners and says EPERM: its files belong to whom the mount says.
  if (::fchownat(parent->path.get(), name, ctx->uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
      errno != EPERM && errno != EOPNOTSUPP) {
    return errno;
  }
  if (S_ISLNK(mode)) return 0;
  const mode_t bits = (mode & 07777) | (S_ISDIR(mode) && inherits ? mode_t{S_ISGID} : 0);
  return ::fchmodat(parent->path.get(), name, bits, 0) == 0 || errno == EPERM ? 0 : errno;
}

void Session::MakeName(fuse_req_t req, const char* operation, fuse_ino_t parent_ino,
                       const char* name, std::string text,
                       std::function<int(int folder, const char* name)> make, mode_t mode) {
  const NodePtr parent = At(parent_ino);
  int error = RefuseChange(req, operation, parent, name);
  if (!error) {
    const std::shared_lock names(names_);
    const int taken = NameTaken(parent, name);
    if (taken != ENOENT) error = taken;
  }
  if (error) {
    fuse_reply_err(req, error);
    return;
  }
  const std::string kept = name;
  AskName(req, operation, parent, kept, std::move(text),
          [this, req, parent, kept, make = std::move(make), mode] {
            const std::unique_lock names(names_);
            int failed = NameTaken(parent, kept.c_str());
            if (failed == ENOENT) {
              failed = make(parent->path.get(), kept.c_str()) == 0 ? 0 : errno;
              if (!failed) failed = MakeOwned(req, parent, kept.c_str(), mode);
              if (!failed) failed = ReplyEntry(req, parent, kept.c_str());
            }
            if (failed) fuse_reply_err(req, failed);
          });
}

void Session::MkDir(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
  MakeName(
      req, "mkdir", parent, name, "",
      [mode](int folder, const char* at) { return ::mkdirat(folder, at, mode & 07777); },
      S_IFDIR | (mode & 07777));
}

void Session::MkNod(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
  if (S_ISBLK(mode) || S_ISCHR(mode)) {
    fuse_reply_err(req, EPERM);
    return;
  }
  MakeName(
      req, "mknod", parent, name, "",
      [mode](int folder, const char* at) { return ::mknodat(folder, at, mode, 0); }, mode);
}

void Session::SymLink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name) {
  const std::string kept = target;
  MakeName(
      req, "symlink", parent, name, kept,
      [kept](int folder, const char* at) { return ::symlinkat(kept.c_str(), folder, at); },
      S_IFLNK | 0777);
}

void Session::Link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent_ino, const char* name) {
  const NodePtr node = At(ino);
  const NodePtr parent = At(parent_ino);
  if (const int error = RefuseChange(req, "link", parent, name)) {
    fuse_reply_err(req, error);
    return;
  }
  const std::string kept = name;
  AskName(req, "link", parent, kept, "",
          [this, req, node, parent, kept] { DoLink(req, node, parent, kept); });
}

void Session::DoLink(fuse_req_t req, const NodePtr& node, const NodePtr& parent,
                     const std::string& name) {
  const std::unique_lock names(names_);
  if (PutOff(node, [this, req, node, parent, name] { DoLink(req, node, parent, name); })) return;
  int error = NameTaken(parent, name.c_str());
  if (error == ENOENT) {
    error = node->refusal;
    if (!error && node->pending) {
      GiveName(node, parent, name);
    } else if (!error && ::linkat(AT_FDCWD, ProcPath(node->path.get()).c_str(), parent->path.get(),
                                  name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      error = errno;
    }
  }
  if (!error) error = ReplyEntry(req, parent, name.c_str());
  if (error) fuse_reply_err(req, error);
}

void Session::Unlink(fuse_req_t req, fuse_ino_t parent_ino, const char* name) {
  const NodePtr parent = At(parent_ino);
  if (const int error = RefuseChange(req, "unlink", parent, name)) {
    fuse_reply_err(req, error);
    return;
  }
  DoUnlink(req, parent, name);
}

void Session::DoUnlink(fuse_req_t req, const NodePtr& parent, const std::string& name) {
  const std::unique_lock names(names_);
  const NodePtr pending = PendingAt(parent, name);
  if (pending && PutOff(pending, [this, req, parent, name] { DoUnlink(req, parent, name); })) {
    return;
  }
  int error = 0;
  if (pending) {
    TakeName(pending, parent, name);
    error = RemoveHidden(parent, name);
  } else if (::unlinkat(parent->path.get(), name.c_str(), 0) != 0) {
    error = errno;
  }
  fuse_reply_err(req, error);
}

void Session::RmDir(fuse_req_t req, fuse_ino_t parent_ino, const char* name) {
  const NodePtr parent = At(parent_ino);
  if (const int error = RefuseChange(req, "rmdir", parent, name)) {
    fuse_reply_err(req, error);
    return;
  }
  const std::unique_lock names(names_);
  int error = 0;
  if (PendingAt(parent, name)) {
    error = ENOTDIR;
  } else if (HoldsPending(parent, name)) {
    error = ENOTEMPTY;
  } else if (::unlinkat(parent->path.get(), name, AT_REMOVEDIR) != 0) {
    error = errno;
  }
  fuse_reply_err(req, error);
}

void Session::Rename(fuse_req_t req, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
                     const char* new_name, unsigned flags) {
  RenameRequest request{At(parent), name, At(new_parent), new_name, flags, false};
  int error = RefuseChange(req, "rename", request.to, new_name);
  if (!error && (flags & ~static_cast<unsigned>(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) {
    error = EINVAL;
  }
  if (error) {
    fuse_reply_err(req, error);
    return;
  }
  request.judged = request.name == request.new_name || (flags & RENAME_EXCHANGE) != 0;
  DoRename(req, request);
}

void Session::DoRename(fuse_req_t req, const RenameRequest& request) {
  std::unique_lock names(names_);
  const auto again = [this, req, request] { DoRename(req, request); };
  const NodePtr from = PendingAt(request.from, request.name);
  const NodePtr to = PendingAt(request.to, request.new_name);
  if (from && PutOff(from, again)) return;
  if (to && PutOff(to, again)) return;
  // A pending file's verdict is for its first name too; its others get one of their own.
  if (!request.judged && (!from || from->names.size() > 1)) {
    names.unlock();
    RenameRequest judged = request;
    judged.judged = true;
    AskName(req, "rename", request.to, request.new_name, "",
            [this, req, judged] { DoRename(req, judged); });
    return;
  }
  int error = NameTaken(request.to, request.new_name.c_str());
  const bool may_replace = (request.flags & RENAME_NOREPLACE) == 0;
  if (error == ENOENT || (error == EEXIST && may_replace)) error = 0;
  if (!error) {
    if ((request.flags & RENAME_EXCHANGE) != 0) {
      error = ExchangeNames(request);
    } else if (request.from != request.to || request.name != request.new_name) {
      error = from ? RenamePending(request, from) : RenameLower(request);
    }
  }
  fuse_reply_err(req, error);
}

int Session::RenamePending(const RenameRequest& request, const NodePtr& node) {
  if (node->refusal) return node->refusal;
  const NodePtr over = PendingAt(request.to, request.new_name);
  if (over == node) return 0;  // two links of one file: rename(2) does nothing
  if (over) TakeName(over, request.to, request.new_name);
  TakeName(node, request.from, request.name);
  GiveName(node, request.to, request.new_name);
  // What it hid at its old name was replaced when it came there.
  return RemoveHidden(request.from, request.name);
}

int Session::RenameLower(const RenameRequest& request) {
  if (HoldsPending(request.to, request.new_name)) return ENOTEMPTY;
  if (::renameat(request.from->path.get(), request.name.c_str(), request.to->path.get(),
                 request.new_name.c_str()) != 0) {
    return errno;
  }
  if (const NodePtr over = PendingAt(request.to, request.new_name)) {
    TakeName(over, request.to, request.new_name);
  }
  return 0;
}

int Session::ExchangeNames(const RenameRequest& request) {
  const NodePtr from = PendingAt(request.from, request.name);
  const NodePtr to = PendingAt(request.to, request.new_name);
  if (from && to) {
    TakeName(from, request.from, request.name);
    TakeName(to, request.to, request.new_name);
    GiveName(from, request.to, request.new_name);
    GiveName(to, request.from, request.name);
    return 0;
  }
  // One of them is not on the device yet and may never be.
  if (from || to) return EINVAL;
  return ::renameat2(request.from->path.get(), request.name.c_str(), request.to->path.get(),
                     request.new_name.c_str(), RENAME_EXCHANGE) == 0
             ? 0
             : errno;
}

}  // namespace shoumi::agent::usb
