#include "agent/channels/usb/staged_content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/channels/usb/lower_io.h"

namespace shoumi::agent::usb {
namespace {

constexpr uint64_t kBlockBytes = 4096;

uint64_t BlockDown(uint64_t at) {
  return at / kBlockBytes * kBlockBytes;
}

uint64_t BlockUp(uint64_t at) {
  return BlockDown(at + kBlockBytes - 1);
}

}  // namespace

StagedContent::StagedContent(std::shared_ptr<StageStore> store, int base, uint64_t base_bytes,
                             bool has_holes)
    : stage_(std::move(store)), base_(base), base_limit_(base_bytes), size_(base_bytes) {
  for (uint64_t at = 0; at < base_bytes;) {
    const off_t data = has_holes ? ::lseek(base, static_cast<off_t>(at), SEEK_DATA) : 0;
    if (data < 0) break;  // only a hole is left
    const off_t hole = has_holes ? ::lseek(base, data, SEEK_HOLE) : -1;
    const uint64_t end = hole < 0 ? base_bytes : static_cast<uint64_t>(hole);
    held_.Add(BlockDown(static_cast<uint64_t>(data)), BlockUp(end));
    at = end;
  }
}

template <typename Gap>
void StagedContent::ForEachGap(uint64_t start, uint64_t end, Gap gap) const {
  end = BlockUp(end);
  for (uint64_t at = BlockDown(start); at < end;) {
    const Extents::Range held = held_.Next(at, end);
    if (at < held.start) gap(at, held.start);
    at = held.end;
  }
}

uint64_t StagedContent::NewlyReserved(uint64_t start, uint64_t end) const {
  uint64_t bytes = 0;
  ForEachGap(start, end,
             [&](uint64_t from, uint64_t to) { bytes += to - from - reserved_.Covered(from, to); });
  return bytes;
}

void StagedContent::Reserve(uint64_t start, uint64_t end) {
  ForEachGap(start, end, [this](uint64_t from, uint64_t to) { reserved_.Add(from, to); });
}

int StagedContent::Grow(uint64_t bytes) {
  if (bytes <= stage_size_) return 0;
  if (::ftruncate(stage_.fd(), static_cast<off_t>(bytes)) != 0) return errno;
  stage_size_ = bytes;
  return 0;
}

int StagedContent::Write(fuse_bufvec* buffers, uint64_t offset) {
  const uint64_t bytes = fuse_buf_size(buffers);
  if (const int error = stage_.Prepare(offset + bytes)) return error;
  fuse_bufvec out{};
  out.count = 1;
  out.buf[0].size = bytes;
  out.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  out.buf[0].fd = stage_.fd();
  out.buf[0].pos = static_cast<off_t>(offset);
  const ssize_t done = fuse_buf_copy(&out, buffers, fuse_buf_copy_flags{});
  if (done < 0) return static_cast<int>(-done);
  if (static_cast<uint64_t>(done) != bytes) return EIO;
  stage_size_ = std::max(stage_size_, offset + bytes);
  size_ = std::max(size_, offset + bytes);
  dirty_.Add(offset, offset + bytes);
  Reserve(offset, offset + bytes);
  return 0;
}

int StagedContent::Read(char* buffer, uint64_t bytes, uint64_t offset) const {
  const uint64_t end = offset + bytes;
  for (uint64_t at = offset; at < end;) {
    const Extents::Range dirty = dirty_.Next(at, end);
    const Extents::Range filled = filled_.Next(at, end);
    const Extents::Range next = dirty.start <= filled.start ? dirty : filled;
    char* const to = buffer + (at - offset);
    uint64_t until = next.end;
    int error = 0;
    if (next.start == at && next.end > at) {
      error = ReadFully(stage_.fd(), to, until - at, at);
    } else if (at < base_limit_) {
      until = std::min(next.start, base_limit_);
      error = ReadFully(base_, to, until - at, at);
    } else {
      until = next.start;
      std::memset(to, 0, until - at);
    }
    if (error) return error;
    at = until;
  }
  return 0;
}

int StagedContent::Truncate(uint64_t bytes) {
  if (const int error = stage_.Prepare(0)) return error;
  if (bytes < size_) {
    dirty_.Remove(bytes, UINT64_MAX);
    filled_.Remove(bytes, UINT64_MAX);
    reserved_.Remove(BlockUp(bytes), UINT64_MAX);
    allocated_.Remove(bytes, UINT64_MAX);
    base_limit_ = std::min(base_limit_, bytes);
    if (bytes < stage_size_) {
      if (::ftruncate(stage_.fd(), static_cast<off_t>(bytes)) != 0) return errno;
      stage_size_ = bytes;
    }
  }
  size_ = bytes;
  return 0;
}

int StagedContent::Zero(uint64_t start, uint64_t end) {
  end = std::min(end, size_);
  if (start >= end) return 0;
  if (const int error = stage_.Prepare(0)) return error;
  if (const int error = Grow(end)) return error;
  if (const int error = ZeroRange(stage_.fd(), start, end)) return error;
  dirty_.Add(start, end);
  return 0;
}

void StagedContent::Allocate(uint64_t start, uint64_t end, bool keep_size) {
  allocated_.Add(start, end);
  Reserve(start, end);
  if (!keep_size) size_ = std::max(size_, end);
}

int64_t StagedContent::Seek(uint64_t offset, int whence) const {
  if (offset >= size_) return -ENXIO;
  // Over a base, all of it counts as data: allowed by lseek(2), and never wrong.
  if (base_limit_ > 0 || !filled_.empty()) {
    return static_cast<int64_t>(whence == SEEK_DATA ? offset : size_);
  }
  const Extents::Range data = dirty_.Next(offset, size_);
  if (data.start >= data.end) {
    return whence == SEEK_DATA ? -ENXIO : static_cast<int64_t>(offset);
  }
  if (whence == SEEK_DATA) return static_cast<int64_t>(data.start);
  return static_cast<int64_t>(data.start > offset ? offset : data.end);
}

bool StagedContent::NeedsBase() const {
  return dirty_.Covered(0, base_limit_) + filled_.Covered(0, base_limit_) < base_limit_;
}

int StagedContent::Fill(Extents* filled) const {
  for (uint64_t at = 0; at < base_limit_;) {
    const Extents::Range dirty = dirty_.Next(at, base_limit_);
    const Extents::Range had = filled_.Next(at, base_limit_);
    const Extents::Range next = dirty.start <= had.start ? dirty : had;
    if (next.start == at && next.end > at) {
      at = next.end;
      continue;
    }
    // A hole of the base is one of the stage too.
    const off_t data = ::lseek(base_, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno != ENXIO) return errno;
    const uint64_t from = data < 0 ? next.start : std::min(next.start, static_cast<uint64_t>(data));
    uint64_t to = from;
    if (from < next.start) {
      const off_t hole = ::lseek(base_, static_cast<off_t>(from), SEEK_HOLE);
      if (hole < 0) return errno;
      to = std::min(next.start, static_cast<uint64_t>(hole));
      if (const int error = CopyRange(base_, stage_.fd(), from, to)) return error;
    }
    filled->Add(at, to);
    at = to;
  }
  return 0;
}

void StagedContent::Adopt(const Extents& filled) {
  for (Extents::Range range = filled.Next(0, UINT64_MAX); range.start < range.end;
       range = filled.Next(range.end, UINT64_MAX)) {
    filled_.Add(range.start, range.end);
    stage_size_ = std::max(stage_size_, range.end);
  }
}

UniqueFd StagedContent::OpenForReading() {
  if (stage_.Prepare(0) != 0) return UniqueFd();
  if (::ftruncate(stage_.fd(), static_cast<off_t>(size_)) != 0) return UniqueFd();
  stage_size_ = size_;
  return stage_.OpenForReading();
}

int StagedContent::CommitRange(int lower, uint64_t start, uint64_t end, uint64_t had) const {
  for (uint64_t at = start; at < end;) {
    const off_t found = ::lseek(stage_.fd(), static_cast<off_t>(at), SEEK_DATA);
    if (found < 0 && errno != ENXIO) return errno;
    const uint64_t data = found < 0 ? end : std::min(end, static_cast<uint64_t>(found));
    if (const int error = ZeroRange(lower, at, std::min(data, had))) return error;
    if (data >= end) break;
    const off_t hole = ::lseek(stage_.fd(), static_cast<off_t>(data), SEEK_HOLE);
    if (hole < 0) return errno;
    const uint64_t until = std::min(end, static_cast<uint64_t>(hole));
    if (const int error = CopyRange(stage_.fd(), lower, data, until)) return error;
    at = until;
  }
  return 0;
}

int StagedContent::CommitTo(int lower) const {
  struct stat st {};
  if (::fstat(lower, &st) != 0) return errno;
  auto had = static_cast<uint64_t>(st.st_size);
  if (had > base_limit_) {
    if (::ftruncate(lower, static_cast<off_t>(base_limit_)) != 0) return errno;
    had = base_limit_;
  }
  for (Extents::Range range = dirty_.Next(0, size_); range.start < range.end;
       range = dirty_.Next(range.end, size_)) {
    if (const int error = CommitRange(lower, range.start, range.end, had)) return error;
  }
  // Where the stage ends in a hole. Not without need: it is a journal's transaction of its own.
  if (::fstat(lower, &st) != 0) return errno;
  if (static_cast<uint64_t>(st.st_size) != size_ &&
      ::ftruncate(lower, static_cast<off_t>(size_)) != 0) {
    return errno;
  }
  for (Extents::Range range = allocated_.Next(0, UINT64_MAX); range.start < range.end;
       range = allocated_.Next(range.end, UINT64_MAX)) {
    const auto length = static_cast<off_t>(range.end - range.start);
    const int done =
        ::fallocate(lower, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(range.start), length);
    if (done != 0 && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  }
  return 0;
}

}  // namespace shoumi::agent::usb
