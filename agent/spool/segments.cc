#include "agent/spool/segments.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/spool/frame.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr std::string_view kSuffix = ".seg";
// A segment all of whose records are acknowledged goes as soon as it holds this much; creating one
// costs two syncs, so not after every record.
constexpr uint64_t kDropBytesMin = 64 * 1024;
constexpr uint64_t kSegmentReadBytesMax = 1ULL << 30;

std::string NameOf(uint64_t first) {
  return fmt::format("{:020}{}", first, kSuffix);
}

uint64_t FirstOf(const std::string& name) {
  uint64_t first = 0;
  std::from_chars(name.data(), name.data() + name.size(), first);
  return first;
}

struct Scan {
  uint64_t last = 0;
  size_t good_bytes = 0;    // up to the end of the last readable frame
  uint64_t unreadable = 0;  // frames with readable frames behind them
};

// A frame that does not open but whose length leads to one that does is damage, not a torn tail.
Scan ScanFrames(std::string_view key, std::string_view bytes, uint64_t first) {
  Scan scan{first - 1, kSegmentMagic.size(), 0};
  size_t offset = kSegmentMagic.size();
  uint64_t skipped = 0;
  while (offset < bytes.size()) {
    const auto frame = DecodeFrame(key, bytes.substr(offset));
    if (frame && frame->record.sequence() > scan.last) {
      offset += frame->bytes;
      scan = {frame->record.sequence(), offset, scan.unreadable + std::exchange(skipped, 0)};
      continue;
    }
    const auto head = PeekFrame(bytes.substr(offset));
    if (!head || head->bytes > bytes.size() - offset) break;
    ++skipped;
    offset += head->bytes;
  }
  return scan;
}

}  // namespace

absl::Status Segments::RecoverOne(const std::string& name, bool is_last, Recovered& recovered) {
  const auto size = files_.Size(name);
  if (!size.ok()) return size.status();
  const auto bytes = files_.ReadAt(name, 0, std::min(*size, kSegmentReadBytesMax));
  if (!bytes.ok()) return bytes.status();
  const uint64_t first = FirstOf(name);
  if (first == 0 || !bytes->starts_with(kSegmentMagic)) {
    recovered.damages.push_back(fmt::format("segment {} is not a spool segment", name));
    return files_.Rename(name, name + ".unreadable");
  }
  const Scan scan = ScanFrames(key_, *bytes, first);
  if (scan.unreadable > 0) {
    recovered.damages.push_back(fmt::format("{} records unreadable in {}", scan.unreadable, name));
  }
  if (scan.last < first && bytes->size() > kSegmentMagic.size() && !is_last) {
    recovered.damages.push_back(fmt::format("no record readable in {}", name));
    return files_.Rename(name, name + ".unreadable");
  }
  if (scan.good_bytes < *size) {
    if (is_last) recovered.torn_bytes = *size - scan.good_bytes;
    if (auto status = files_.Truncate(name, scan.good_bytes); !status.ok()) return status;
  }
  segments_.push_back({name, first, scan.last, scan.good_bytes});
  bytes_ += scan.good_bytes;
  return absl::OkStatus();
}

absl::StatusOr<Segments::Recovered> Segments::Recover(uint64_t acknowledged) {
  auto names = files_.List();
  if (!names.ok()) return names.status();
  std::erase_if(*names, [](const std::string& name) { return !name.ends_with(kSuffix); });
  std::ranges::sort(*names);
  Recovered recovered;
  for (size_t i = 0; i < names->size(); ++i) {
    auto status = RecoverOne((*names)[i], i + 1 == names->size(), recovered);
    if (!status.ok()) return status;
  }
  last_ = acknowledged;
  for (const Segment& segment : segments_) {
    if (segment.first > last_ + 1) {
      recovered.damages.push_back(
          fmt::format("records {} to {} are missing", last_ + 1, segment.first - 1));
    }
    last_ = std::max(last_, segment.last);
  }
  return recovered;
}

absl::Status Segments::Repair() {
  if (!dirty_) return absl::OkStatus();
  const Segment& active = segments_.back();
  if (auto status = files_.Truncate(active.name, active.bytes); !status.ok()) return status;
  dirty_ = false;
  return absl::OkStatus();
}

absl::Status Segments::Append(std::string_view frames, uint64_t first, uint64_t last) {
  if (auto status = Repair(); !status.ok()) return status;
  const bool fits = !segments_.empty() && first == segments_.back().last + 1 &&
                    (segments_.back().bytes + frames.size() <= segment_bytes_max_ ||
                     segments_.back().last < segments_.back().first);
  if (!fits) {
    const std::string name = NameOf(first);
    if (auto status = files_.Create(name, kSegmentMagic); !status.ok()) return status;
    segments_.push_back({name, first, first - 1, kSegmentMagic.size()});
    bytes_ += kSegmentMagic.size();
  }
  Segment& active = segments_.back();
  dirty_ = true;
  auto status = files_.WriteAt(active.name, active.bytes, frames);
  if (status.ok()) status = files_.Sync(active.name);
  if (!status.ok()) return status;
  dirty_ = false;
  active.bytes += frames.size();
  active.last = last;
  bytes_ += frames.size();
  last_ = last;
  return absl::OkStatus();
}

absl::Status Segments::Drop(uint64_t sequence) {
  while (!segments_.empty() && segments_.front().last <= sequence) {
    const Segment& oldest = segments_.front();
    const bool active = segments_.size() == 1;
    if (active && oldest.bytes < kDropBytesMin) break;
    if (auto status = files_.Remove(oldest.name); !status.ok() && !absl::IsNotFound(status)) {
      return status;
    }
    if (active) dirty_ = false;
    bytes_ -= oldest.bytes;
    segments_.pop_front();
  }
  return absl::OkStatus();
}

uint64_t Segments::CountAfter(uint64_t sequence) const {
  uint64_t count = 0;
  for (const Segment& segment : segments_) {
    const uint64_t before = std::max(segment.first - 1, sequence);
    if (segment.last > before) count += segment.last - before;
  }
  return count;
}

absl::StatusOr<size_t> Segments::OffsetAfter(const Segment& segment, uint64_t sequence) const {
  if (position_.name == segment.name && position_.sequence == sequence) return position_.offset;
  uint64_t offset = kSegmentMagic.size();
  while (offset < segment.bytes) {
    const auto bytes = files_.ReadAt(segment.name, offset, kFrameHeadBytes);
    if (!bytes.ok()) return bytes.status();
    const auto head = PeekFrame(*bytes);
    if (!head || head->sequence > sequence) break;
    offset += head->bytes;
  }
  return offset;
}

absl::StatusOr<std::vector<v1::SpoolRecord>> Segments::Read(uint64_t sequence, size_t records_max,
                                                            uint64_t bytes_max) {
  std::vector<v1::SpoolRecord> records;
  uint64_t taken = 0;
  for (const Segment& segment : segments_) {
    if (segment.last <= sequence) continue;
    const auto start = OffsetAfter(segment, sequence);
    if (!start.ok()) return start.status();
    uint64_t offset = *start;
    while (offset < segment.bytes) {
      const auto head_bytes = files_.ReadAt(segment.name, offset, kFrameHeadBytes);
      if (!head_bytes.ok()) return head_bytes.status();
      const auto head = PeekFrame(*head_bytes);
      if (!head || head->bytes > segment.bytes - offset) break;
      const bool full = records.size() >= records_max || taken + head->bytes > bytes_max;
      if (full && !records.empty()) return records;
      const auto bytes = files_.ReadAt(segment.name, offset, head->bytes);
      if (!bytes.ok()) return bytes.status();
      auto frame = DecodeFrame(key_, *bytes);
      offset += head->bytes;
      if (!frame) {
        ++unreadable_;
        continue;
      }
      taken += head->bytes;
      sequence = frame->record.sequence();
      position_ = {sequence, segment.name, offset};
      records.push_back(std::move(frame->record));
    }
  }
  return records;
}

}  // namespace shoumi::agent
