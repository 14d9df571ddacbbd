#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"
#include "common/ids.h"

namespace shoumi::agent::usb {
namespace {

void RunAll(const std::deque<std::function<void()>>& waiting) {
  for (const auto& next : waiting) next();
}

// File systems without owners or attributes (FAT) say so; their files are as they always are.
bool Unsupported(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

}  // namespace

void Session::Judge(std::unique_lock<std::mutex> lock, const NodePtr& node, Judgement judgement) {
  node->judging = true;
  if (!node->staged->NeedsBase()) {
    lock.unlock();
    Submit(node, std::move(judgement));
    return;
  }
  const int error = node->staged->PrepareWhole();
  lock.unlock();
  tasks_.Post([this, node, error, judgement = std::move(judgement)]() mutable {
    Extents filled;
    const int failed = error ? error : node->staged->Fill(&filled);
    std::unique_lock again(node->mutex);
    if (!failed) {
      node->staged->Adopt(filled);
      again.unlock();
      Submit(node, std::move(judgement));
      return;
    }
    EndJudging(std::move(again), *node, judgement.done, failed);
  });
}

void Session::Submit(const NodePtr& node, Judgement judgement) {
  Draft draft;
  draft.operation = judgement.operation;
  draft.caller = judgement.caller;
  {
    const std::shared_lock names(names_);
    draft.destination = PathOf(*node);
  }
  draft.name = draft.destination.substr(draft.destination.rfind('/') + 1);
  std::unique_lock lock(node->mutex);
  draft.content = node->staged->OpenForReading();
  draft.content_bytes = node->staged->size();
  draft.own_content = true;  // writes to it wait until it is judged
  if (!draft.content) {
    EndJudging(std::move(lock), *node, judgement.done, EIO);
    return;
  }
  lock.unlock();
  Ask(std::move(draft), [this, node, judgement = std::move(judgement)](int refusal) {
    CarryOut(node, judgement, refusal);
  });
}

void Session::CarryOut(const NodePtr& node, const Judgement& judgement, int refusal) {
  if (refusal) {
    Refuse(node, refusal, judgement);
    return;
  }
  const int error = judgement.commit ? Commit(node, judgement.caller) : 0;
  std::unique_lock lock(node->mutex);
  if (!error) {
    node->dirty = false;
    node->accepted = !judgement.commit;
    if (judgement.commit) {
      sync_->Changed(node->lower);
      if (node->staged->size() > 0) node->born_empty.reset();
      DropStaged(*node);
    }
  }
  EndJudging(std::move(lock), *node, judgement.done, error);
}

void Session::EndJudging(std::unique_lock<std::mutex> lock, Node& node, const Done& done,
                         int error) {
  node.judging = false;
  std::deque<std::function<void()>> waiting;
  waiting.swap(node.waiting);
  lock.unlock();
  done(error);
  RunAll(waiting);
}

void Session::Withdraw(const NodePtr& node, const Caller& caller) {
  const std::unique_lock names(names_);
  const std::lock_guard lock(node->mutex);
  if (!node->born_empty || node->born_empty->by.uid != caller.uid ||
      node->born_empty->by.program.executable() != caller.program.executable()) {
    return;
  }
  const Node::Name at = node->born_empty->at;
  node->born_empty.reset();
  if (OnDevice(at.parent, at.name) != node) return;
  if (const int error = RemoveHidden(at.parent, at.name)) {
    sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                 fmt::format("{}: an empty file of a refused change stays: {}", device_.node(),
                             std::strerror(error)));
  }
}

void Session::Refuse(const NodePtr& node, int refusal, const Judgement& judgement) {
  Withdraw(node, judgement.caller);
  std::unique_lock lock(node->mutex);
  const bool pending = node->pending;
  if (pending) node->refusal = refusal;
  for (Handle* const writer : node->writers) writer->refusal = refusal;
  node->dirty = false;
  node->accepted = false;
  node->cache_stale = true;
  DropStaged(*node);
  node->judging = false;
  std::deque<std::function<void()>> waiting;
  waiting.swap(node->waiting);
  lock.unlock();
  // Writes that waited hold locks of the kernel's pages; they get their refusal before the pages
  // are thrown away, on a thread of its own that nothing waits for.
  RunAll(waiting);
  if (pending) {
    judgement.done(refusal);
    return;
  }
  Drop(node, Cached::kPages, [refusal, done = judgement.done] { done(refusal); });
}

int Session::Commit(const NodePtr& node, const Caller& caller) {
  // Only this node's own judgement changes `pending`, and this is it.
  return node->pending ? CommitNew(node, caller) : CommitChange(node);
}

int Session::CommitContent(Node& node, int lower) {
  room_->BeginTaking(lower, node.promised_bytes);
  const int error = node.staged->CommitTo(lower);
  room_->EndTaking(lower, error == 0);
  if (!error) node.promised_bytes = 0;
  return error;
}

int Session::CommitChange(const NodePtr& node) {
  const int lower = node->lower->fd.get();
  if (const int error = CommitContent(*node, lower)) return error;
  const timespec times[2] = {timespec{0, UTIME_OMIT}, node->staged_mtime};
  return ::futimens(lower, times) == 0 ? 0 : errno;
}

int Session::FinishNew(const Node& node, int fd) {
  const struct stat& wanted = node.attributes;
  struct stat is {};
  if (::fstat(fd, &is) != 0) return errno;
  if ((is.st_uid != wanted.st_uid || is.st_gid != wanted.st_gid) &&
      ::fchown(fd, wanted.st_uid, wanted.st_gid) != 0 && !Unsupported(errno)) {
    return errno;
  }
  // After the owner, whose change takes the set-id bits.
  if ((is.st_mode & 07777) != (wanted.st_mode & 07777) || (wanted.st_mode & 07000) != 0) {
    if (::fchmod(fd, wanted.st_mode & 07777) != 0 && !Unsupported(errno)) return errno;
  }
  for (const auto& [name, value] : node.xattrs) {
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && !Unsupported(errno)) {
      return errno;
    }
  }
  const timespec times[2] = {node.attributes.st_atim, node.staged_mtime};
  return ::futimens(fd, times) == 0 ? 0 : errno;
}

int Session::CommitNew(const NodePtr& node, const Caller& caller) {
  std::vector<Node::Name> names;
  {
    const std::shared_lock lock(names_);
    names = node->names;
  }
  if (names.empty()) return 0;
  const int folder = names.front().parent->path.get();
  std::string name = names.front().name;
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const mode_t mode = node->attributes.st_mode & 0777;
  UniqueFd fd(::openat(folder, name.c_str(), kFlags, mode));
  const bool replaces = !fd && errno == EEXIST;  // renamed over a file that is on the device
  if (replaces) {
    name = fmt::format(".shoumi-{}", NewUuid());
    fd.Reset(::openat(folder, name.c_str(), kFlags, mode));
  }
  if (!fd) return errno;
  const NodePtr replaced = replaces ? OnDevice(names.front().parent, names.front().name) : nullptr;
  int error = CommitContent(*node, fd.get());
  if (!error) error = FinishNew(*node, fd.get());
  if (!error && replaces &&
      ::renameat(folder, name.c_str(), folder, names.front().name.c_str()) != 0) {
    error = errno;
  }
  UniqueFd path(error ? -1 : ::open(ProcPath(fd.get()).c_str(), O_PATH | O_CLOEXEC));
  struct stat st {};
  if (!error && (!path || ::fstat(path.get(), &st) != 0)) error = errno;
  if (error) {
    ::unlinkat(folder, name.c_str(), 0);
    return error;
  }
  if (replaced) Drop(replaced, Cached::kAttributes, [] {});  // it has a link less
  for (size_t i = 1; i < names.size(); ++i) {
    error = RemoveHidden(names[i].parent, names[i].name);
    if (!error && ::linkat(AT_FDCWD, ProcPath(fd.get()).c_str(), names[i].parent->path.get(),
                           names[i].name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      error = errno;
    }
  }
  const std::unique_lock lock(names_);
  const std::lock_guard node_lock(node->mutex);
  for (const Node::Name& at : node->names) at.parent->pending_children.erase(at.name);
  node->names.clear();
  if (node->staged->size() == 0) node->born_empty = Node::Birth{names.front(), caller};
  node->pending = false;
  node->path = std::move(path);
  node->key = LowerKey{st.st_dev, st.st_ino};
  node->lower = std::make_shared<LowerFile>(LowerFile{std::move(fd), true});
  table_.Bind(node->key, node);
  return error;
}

void Session::LastRelease(std::unique_lock<std::mutex> lock, const NodePtr& node, Caller caller) {
  if (node->handles > 0) return;
  Judgement judgement;
  judgement.operation = "write";
  judgement.caller = std::move(caller);
  judgement.done = [this, node](int error) {
    const bool refused = error == EPERM || error == ErrorOfChange(mode());
    if (error && !refused) {
      sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                   fmt::format("{}: a change was not written after its last close: {}",
                               device_.node(), std::strerror(error)));
    }
    Settle(node);
  };
  const bool nameless = Nameless(*node);
  if (node->dirty && !node->refusal && !nameless) {
    Judge(std::move(lock), node, std::move(judgement));
  } else if (node->accepted && !nameless) {
    node->judging = true;
    lock.unlock();
    tasks_.Post([this, node, judgement = std::move(judgement)] { CarryOut(node, judgement, 0); });
  } else {
    lock.unlock();
    Settle(node);
  }
}

void Session::Settle(const NodePtr& node) {
  const std::unique_lock names(names_);
  const std::lock_guard lock(node->mutex);
  if (node->handles > 0 || node->judging) return;
  for (const Node::Name& at : node->names) at.parent->pending_children.erase(at.name);
  node->names.clear();
  DropStaged(*node);
  node->dirty = false;
  node->accepted = false;
  node->lower.reset();
}

}  // namespace shoumi::agent::usb
