#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {
namespace {

constexpr double kFreshSeconds = 0.1;

Handle* HandleOf(const fuse_file_info* fi) {
  return reinterpret_cast<Handle*>(fi->fh);
}

// With the node's mutex held.
int RefusalOf(const Handle& handle) {
  return handle.refusal ? handle.refusal : handle.node->refusal;
}

bool Writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY;
}

// With the node's mutex held, before the handle is counted. What a program only writes need not go
// through the kernel's pages, which costs a copy and, for each write, a question for attributes.
// Nobody may have such pages then, and who opens it meanwhile does without them too: not every
// kernel drops pages that such a write makes old. Nor does it sync after such a write, so who asks
// for that keeps its pages; the next open drops them.
bool ToBeDirect(const Node& node, int flags) {
  if ((flags & O_DSYNC) != 0) return false;
  if (node.handles == 0 && (flags & O_ACCMODE) == O_WRONLY) {
    return node.pending || (flags & O_TRUNC) != 0;
  }
  return std::any_of(node.writers.begin(), node.writers.end(),
                     [](const Handle* writer) { return writer->direct; });
}

// A copy of a write whose turn has not come; the request's own buffer ends with its callback.
struct HeldWrite {
  std::string bytes;
  explicit HeldWrite(fuse_bufvec* from) : bytes(fuse_buf_size(from), '\0') {
    fuse_bufvec to = Vector();
    const ssize_t n = fuse_buf_copy(&to, from, fuse_buf_copy_flags{});
    bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
  }
  fuse_bufvec Vector() {
    fuse_bufvec vector{};
    vector.count = 1;
    vector.buf[0].size = bytes.size();
    vector.buf[0].mem = bytes.data();
    return vector;
  }
};

}  // namespace

void Session::HandOver(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(open_mutex_);
  open_.insert(handle.release());
}

std::unique_ptr<Handle> Session::TakeBack(Handle* handle) {
  const std::lock_guard lock(open_mutex_);
  open_.erase(handle);
  return std::unique_ptr<Handle>(handle);
}

void Session::Create(fuse_req_t req, fuse_ino_t parent_ino, const char* name, mode_t mode,
                     fuse_file_info* fi) {
  const NodePtr parent = At(parent_ino);
  if (const int error = RefuseChange(req, "create", parent, name)) {
    fuse_reply_err(req, error);
    return;
  }
  auto handle = std::make_unique<Handle>();
  handle->writes = Writes(fi->flags);
  handle->opener = CallerOf(req);
  fuse_entry_param entry{};
  {
    const std::unique_lock names(names_);
    const int taken = NameTaken(parent, name);
    // Made by somebody else since the kernel looked: opened, unless it had to be new.
    if (taken != ENOENT && (taken != EEXIST || (fi->flags & O_EXCL) != 0)) {
      fuse_reply_err(req, taken);
      return;
    }
    if (taken == ENOENT) {
      const NodePtr node = NodeTable::NewPending(S_IFREG);
      struct stat folder {};
      if (const int error = StatNode(*parent, &folder)) {
        fuse_reply_err(req, error);
        return;
      }
      const fuse_ctx* const ctx = fuse_req_ctx(req);
      node->attributes.st_mode = S_IFREG | (mode & 07777);
      node->attributes.st_uid = ctx->uid;
      node->attributes.st_gid = (folder.st_mode & S_ISGID) != 0 ? folder.st_gid : ctx->gid;
      node->attributes.st_blksize = folder.st_blksize;
      node->staged = std::make_unique<StagedContent>(store_, -1, 0, false);
      Touch(*node);
      node->attributes.st_atim = node->staged_mtime;
      node->names.push_back({parent, name});
      parent->pending_children.emplace(name, node);
      handle->direct = ToBeDirect(*node, fi->flags);
      node->handles = 1;
      if (handle->writes) node->writers.insert(handle.get());
      handle->node = node;
    }
    if (const int error = FindEntry(parent, name, &entry)) {
      fuse_reply_err(req, error);
      return;
    }
    // Programs look at what they just made; the first write ends this.
    if (handle->node) entry.attr_timeout = kFreshSeconds;
  }
  if (!handle->node) {
    handle->node = At(entry.ino);
    std::unique_lock lock(handle->node->mutex);
    int error = handle->node->refusal;
    if (!error && !handle->node->pending) error = EnsureLower(*handle->node, handle->writes);
    if (error) {
      lock.unlock();
      Forget(entry.ino, 1);
      fuse_reply_err(req, error);
      return;
    }
    handle->direct = ToBeDirect(*handle->node, fi->flags);
    ++handle->node->handles;
    if (handle->writes) handle->node->writers.insert(handle.get());
  }
  fi->keep_cache = 0;
  fi->direct_io = handle->direct;
  Handle* const raw = handle.get();
  fi->fh = reinterpret_cast<uint64_t>(raw);
  HandOver(std::move(handle));
  // A program that was killed meanwhile leaves the kernel to send forget and release itself.
  if (fuse_reply_create(req, &entry, fi) == 0) return;
  handle = TakeBack(raw);
  std::unique_lock lock(handle->node->mutex);
  handle->node->writers.erase(handle.get());
  --handle->node->handles;
  LastRelease(std::move(lock), handle->node, handle->opener);
  Forget(entry.ino, 1);
}

void Session::Open(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
  const NodePtr node = At(ino);
  const bool writes = Writes(fi->flags);
  if (const int error = RefuseAccess()) {
    RecordRefusal(req, "open", node, "", v1::USB_MODE_DENY);
    fuse_reply_err(req, error);
    return;
  }
  if (writes || (fi->flags & O_TRUNC) != 0) {
    if (const int error = RefuseChange(req, "open", node, "")) {
      fuse_reply_err(req, error);
      return;
    }
  }
  std::unique_lock lock(node->mutex);
  const bool truncates = (fi->flags & O_TRUNC) != 0;
  if (truncates && node->judging) {
    const fuse_file_info held = *fi;
    node->waiting.emplace_back([this, req, ino, held] {
      fuse_file_info again = held;
      Open(req, ino, &again);
    });
    return;
  }
  int error = node->refusal;
  if (!error && !node->pending) error = EnsureLower(*node, writes);
  if (!error && truncates) error = TruncateLocked(*node, 0);
  if (error) {
    lock.unlock();
    fuse_reply_err(req, error);
    return;
  }
  auto handle = std::make_unique<Handle>();
  Handle* const raw = handle.get();
  handle->node = node;
  handle->writes = writes;
  handle->direct = ToBeDirect(*node, fi->flags);
  if (writes) {
    handle->opener = CallerOf(req);
    node->writers.insert(raw);
  }
  ++node->handles;
  fi->direct_io = handle->direct;
  fi->keep_cache = !node->cache_stale;
  node->cache_stale = node->cache_stale && handle->direct;
  fi->noflush = !writes;
  fi->fh = reinterpret_cast<uint64_t>(raw);
  lock.unlock();
  HandOver(std::move(handle));
  if (fuse_reply_open(req, fi) == 0) return;
  handle = TakeBack(raw);
  lock.lock();
  node->writers.erase(raw);
  --node->handles;
  LastRelease(std::move(lock), node, handle->opener);
}

void Session::Read(fuse_req_t req, fuse_ino_t, size_t size, off_t offset, fuse_file_info* fi) {
  if (const int error = RefuseAccess()) {
    fuse_reply_err(req, error);
    return;
  }
  const NodePtr node = HandleOf(fi)->node;
  std::unique_lock lock(node->mutex);
  if (const int refusal = node->refusal) {
    lock.unlock();
    fuse_reply_err(req, refusal);
    return;
  }
  if (node->staged) {
    const auto start = static_cast<uint64_t>(offset);
    const uint64_t end = std::min<uint64_t>(start + size, node->staged->size());
    std::string out(start < end ? end - start : 0, '\0');
    const int error = out.empty() ? 0 : node->staged->Read(out.data(), out.size(), start);
    lock.unlock();
    if (error) {
      fuse_reply_err(req, error);
    } else {
      fuse_reply_buf(req, out.data(), out.size());
    }
    return;
  }
  const int error = EnsureLower(*node, false);
  const std::shared_ptr<LowerFile> lower = node->lower;
  lock.unlock();
  if (error) {
    fuse_reply_err(req, error);
    return;
  }
  fuse_bufvec data{};
  data.count = 1;
  data.buf[0].size = size;
  data.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  data.buf[0].fd = lower->fd.get();
  data.buf[0].pos = offset;
  fuse_reply_data(req, &data, FUSE_BUF_SPLICE_MOVE);
}

void Session::Write(fuse_req_t req, fuse_bufvec* buffers, off_t offset, fuse_file_info* fi) {
  Handle* const handle = HandleOf(fi);
  const NodePtr node = handle->node;
  const size_t bytes = fuse_buf_size(buffers);
  std::unique_lock lock(node->mutex);
  int error = RefusalOf(*handle);
  if (!error) error = ErrorOfChange(mode());
  if (!error && node->judging) {
    auto held = std::make_shared<HeldWrite>(buffers);
    const fuse_file_info info = *fi;
    node->waiting.emplace_back([this, req, held, offset, info] {
      fuse_bufvec again = held->Vector();
      fuse_file_info copy = info;
      Write(req, &again, offset, &copy);
    });
    return;
  }
  if (!error) error = EnsureStaged(*node);
  if (!error) {
    const auto start = static_cast<uint64_t>(offset);
    if (!PromiseRoom(*node, start, start + bytes)) {
      error = ENOSPC;
    } else {
      error = node->staged->Write(buffers, start);
      CountRoom(*node);
      if (!error) Touch(*node);
      // A private mapping fills them, whatever the file was opened for.
      node->cache_stale |= handle->direct;
    }
  }
  lock.unlock();
  if (error) {
    fuse_reply_err(req, error);
  } else {
    fuse_reply_write(req, bytes);
  }
}

void Session::JudgeOrReply(fuse_req_t req, Handle* handle, const char* operation) {
  const NodePtr node = handle->node;
  const bool sync = std::strcmp(operation, "fsync") == 0;
  std::unique_lock lock(node->mutex);
  if (node->judging) {
    node->waiting.emplace_back(
        [this, req, handle, operation] { JudgeOrReply(req, handle, operation); });
    return;
  }
  if (const int refusal = RefusalOf(*handle)) {
    lock.unlock();
    fuse_reply_err(req, refusal);
    return;
  }
  const bool wanted = node->dirty || (sync && node->accepted);
  if (!wanted || Nameless(*node)) {
    const std::shared_ptr<LowerFile> lower = node->lower;
    lock.unlock();
    const bool failed = sync && lower && ::fsync(lower->fd.get()) != 0;
    fuse_reply_err(req, failed ? errno : 0);
    return;
  }
  Judgement judgement;
  judgement.operation = operation;
  judgement.caller = CallerOf(req);
  if (judgement.caller.program.executable().empty()) judgement.caller = handle->opener;
  // `cmd > file` closes a duplicate before it writes: an empty new file waits for its last close.
  judgement.commit = sync || !node->pending || node->staged->size() > 0;
  judgement.done = [req, node, sync](int error) {
    if (!error && sync) {
      std::unique_lock again(node->mutex);
      const std::shared_ptr<LowerFile> lower = node->lower;
      again.unlock();
      if (lower && ::fsync(lower->fd.get()) != 0) error = errno;
    }
    fuse_reply_err(req, error);
  };
  Judge(std::move(lock), node, std::move(judgement));
}

void Session::Flush(fuse_req_t req, fuse_file_info* fi) {
  Handle* const handle = HandleOf(fi);
  if (!handle->writes) {
    fuse_reply_err(req, 0);
    return;
  }
  JudgeOrReply(req, handle, "write");
}

void Session::Fsync(fuse_req_t req, fuse_file_info* fi) {
  JudgeOrReply(req, HandleOf(fi), "fsync");
}

void Session::Release(fuse_req_t req, fuse_file_info* fi) {
  Handle* const handle = HandleOf(fi);
  const NodePtr node = handle->node;
  std::unique_lock lock(node->mutex);
  if (node->judging) {
    const fuse_file_info held = *fi;
    node->waiting.emplace_back([this, req, held] {
      fuse_file_info again = held;
      Release(req, &again);
    });
    return;
  }
  node->writers.erase(handle);
  --node->handles;
  const std::unique_ptr<Handle> last = TakeBack(handle);
  LastRelease(std::move(lock), node, last->opener);
  fuse_reply_err(req, 0);
}

void Session::Fallocate(fuse_req_t req, int mode, off_t offset, off_t length, fuse_file_info* fi) {
  constexpr int kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if ((mode & ~kKnown) != 0) {
    fuse_reply_err(req, EOPNOTSUPP);
    return;
  }
  Handle* const handle = HandleOf(fi);
  const NodePtr node = handle->node;
  if (const int error = RefuseChange(req, "write", node, "")) {
    fuse_reply_err(req, error);
    return;
  }
  std::unique_lock lock(node->mutex);
  if (node->judging) {
    const fuse_file_info held = *fi;
    node->waiting.emplace_back([this, req, mode, offset, length, held] {
      fuse_file_info again = held;
      Fallocate(req, mode, offset, length, &again);
    });
    return;
  }
  int error = RefusalOf(*handle);
  if (!error) error = EnsureStaged(*node);
  if (!error) {
    const auto start = static_cast<uint64_t>(offset);
    const uint64_t end = start + static_cast<uint64_t>(length);
    const bool keep_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
    const bool zeroes = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0;
    if ((mode & FALLOC_FL_PUNCH_HOLE) == 0 && !PromiseRoom(*node, start, end)) {
      error = ENOSPC;
    } else {
      if (zeroes && !keep_size && end > node->staged->size()) error = node->staged->Truncate(end);
      if (!error && zeroes) error = node->staged->Zero(start, end);
      if (!error && (mode & FALLOC_FL_PUNCH_HOLE) == 0) {
        node->staged->Allocate(start, end, keep_size);
      }
    }
    CountRoom(*node);
    if (!error) Touch(*node);
  }
  lock.unlock();
  fuse_reply_err(req, error);
}

void Session::Seek(fuse_req_t req, off_t offset, int whence, fuse_file_info* fi) {
  const NodePtr node = HandleOf(fi)->node;
  std::unique_lock lock(node->mutex);
  int64_t found = -node->refusal;
  if (node->staged) {
    found = node->staged->Seek(static_cast<uint64_t>(offset), whence);
  } else if (!node->refusal) {
    const int error = EnsureLower(*node, false);
    found = error ? -error : ::lseek(node->lower->fd.get(), offset, whence);
    if (!error && found < 0) found = -errno;
  }
  lock.unlock();
  if (found < 0) {
    fuse_reply_err(req, static_cast<int>(-found));
  } else {
    fuse_reply_lseek(req, found);
  }
}

}  // namespace shoumi::agent::usb
