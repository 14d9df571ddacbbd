#include "agent/spool/spool.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/spool/frame.h"
#include "common/clock.h"
#include "common/crypto/crypto.h"
#include "common/ids.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

// Kept free of ordinary records, so that the overflow always has room for its own.
constexpr uint64_t kReservedBytes = 64 * 1024;
// An overflow is written out once a small record would fit again.
constexpr uint64_t kRoomBytesMin = 16 * 1024;
constexpr std::chrono::seconds kRetryOverflow{5};

std::string CountedAs(const v1::SpoolRecord& record) {
  if (record.has_event()) return "event:" + v1::AgentEvent::Kind_Name(record.event().kind());
  if (record.has_release_request()) return "release_request";
  const v1::Verdict& verdict = record.incident().verdict();
  return verdict.rule().empty() ? "default" : verdict.rule();
}

v1::SpoolRecord OverflowRecord(const v1::SpoolOverflow& overflow, uint64_t sequence) {
  v1::SpoolRecord record;
  record.set_sequence(sequence);
  v1::AgentEvent& event = *record.mutable_event();
  event.set_event_id(overflow.event_id());
  *event.mutable_time() = overflow.since();
  event.set_kind(v1::AgentEvent::KIND_SPOOL_FULL);
  uint64_t total = 0;
  std::string detail = overflow.cause() + ":";
  const std::map<std::string, uint64_t> counts(overflow.counts().begin(), overflow.counts().end());
  for (const auto& [rule, count] : counts) {
    total += count;
    detail += fmt::format(" {} {}", rule, count);
  }
  event.set_detail(std::move(detail));
  event.set_count(total);
  return record;
}

std::string_view CauseOf(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? "disk full" : "disk error";
}

}  // namespace

Spool::Spool(std::unique_ptr<SpoolFiles> files, std::string_view key, SpoolOptions options)
    : options_(options),
      files_(std::move(files)),
      segments_(*files_, key, options.segment_bytes_max),
      state_file_(*files_, key),
      key_(key),
      bytes_max_(options.bytes_max) {}

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(std::unique_ptr<SpoolFiles> files,
                                                   std::string_view key, SpoolOptions options) {
  if (key.size() != 32) return absl::InvalidArgumentError("spool key is not 32 bytes");
  std::unique_ptr<Spool> spool(new Spool(std::move(files), key, options));
  if (auto status = spool->Recover(); !status.ok()) return status;
  spool->writer_ = std::thread([raw = spool.get()] { raw->Run(); });
  return spool;
}

absl::Status Spool::Recover() {
  auto state = state_file_.Load();
  const bool fresh = absl::IsNotFound(state.status());
  const bool lost = absl::IsDataLoss(state.status());
  if (!state.ok() && !fresh && !lost) return state.status();
  if (state.ok()) state_ = *std::move(state);
  auto recovered = segments_.Recover(state_.acknowledged());
  if (!recovered.ok()) return recovered.status();
  if (recovered->torn_bytes > 0) {
    spdlog::info("spool: dropped {} bytes of an unfinished write", recovered->torn_bytes);
  }
  damages_ = std::move(recovered->damages);
  if (fresh || lost) {
    if (auto status = state_file_.Create(); !status.ok()) return status;
  }
  if (lost || !damages_.empty()) {
    // Sequences must not be used twice, or the server would take new incidents for old ones.
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
        Clock::Real().WallNow().time_since_epoch());
    if (lost) damages_.emplace_back("the cursor cannot be read");
    segments_.SkipTo(static_cast<uint64_t>(now.count()) << 16);
  }
  if (auto status = ForgetWrittenOverflow(); !status.ok()) return status;
  overflow_waits_ = state_.has_overflow();
  acknowledgement_ = state_.acknowledged();
  Publish();
  return absl::OkStatus();
}

// An overflow that already became a record, just before the end of the process.
absl::Status Spool::ForgetWrittenOverflow() {
  constexpr size_t kRecordsAtOnce = 64;
  if (!state_.has_overflow()) return absl::OkStatus();
  uint64_t after = state_.acknowledged();
  for (;;) {
    const auto records = segments_.Read(after, kRecordsAtOnce, options_.record_bytes_max);
    if (!records.ok()) return records.status();
    if (records->empty()) return absl::OkStatus();
    for (const v1::SpoolRecord& record : *records) {
      after = record.sequence();
      if (record.event().event_id() != state_.overflow().event_id()) continue;
      state_.clear_overflow();
      return absl::OkStatus();
    }
  }
}

Spool::~Spool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  grown_.notify_all();
  if (writer_.joinable()) writer_.join();
}

void Spool::Append(v1::SpoolRecord record, Done done) {
  Pending pending;
  pending.bytes = record.ByteSizeLong() + kFrameHeadBytes + kSealBytes + 16;
  pending.record = std::move(record);
  pending.done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    pending.kept = queue_kept_ < options_.queue_records_max &&
                   queue_bytes_ + pending.bytes <= options_.queue_bytes_max;
    if (pending.kept) {
      ++queue_kept_;
      queue_bytes_ += pending.bytes;
    } else {
      // Only what it is counted as stays in memory.
      v1::SpoolRecord shadow;
      if (pending.record.has_event()) {
        shadow.mutable_event()->set_kind(pending.record.event().kind());
      } else {
        shadow.mutable_incident()->mutable_verdict()->set_rule(
            pending.record.incident().verdict().rule());
      }
      pending.record = std::move(shadow);
    }
    queue_.push_back(std::move(pending));
  }
  work_.notify_one();
}

void Spool::Acknowledge(uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (sequence <= acknowledgement_) return;
    acknowledgement_ = std::min(sequence, std::max(stats_.last, acknowledgement_));
  }
  work_.notify_one();
}

void Spool::SetBytesMax(uint64_t bytes_max) {
  const std::lock_guard lock(mutex_);
  bytes_max_ = bytes_max;
}

Spool::Stats Spool::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

absl::StatusOr<std::vector<v1::SpoolRecord>> Spool::Read(uint64_t sequence, size_t records_max,
                                                         uint64_t bytes_max) {
  const std::lock_guard lock(disk_mutex_);
  return segments_.Read(sequence, records_max, bytes_max);
}

bool Spool::WaitPast(uint64_t sequence, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  grown_.wait_for(lock, wait, [&] { return closing_ || stats_.last > sequence; });
  return stats_.last > sequence;
}

void Spool::Run() {
  for (;;) {
    std::deque<Pending> batch;
    uint64_t acknowledgement = 0;
    uint64_t bytes_max = 0;
    bool closing = false;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [&] {
        return closing_ || !queue_.empty() || acknowledgement_ > stats_.acknowledged;
      };
      // Nothing to wake up for when nothing waits.
      if (overflow_waits_) {
        work_.wait_for(lock, kRetryOverflow, ready);
      } else {
        work_.wait(lock, ready);
      }
      batch.swap(queue_);
      queue_bytes_ = 0;
      queue_kept_ = 0;
      acknowledgement = acknowledgement_;
      bytes_max = bytes_max_;
      closing = closing_;
    }
    {
      const std::lock_guard lock(disk_mutex_);
      if (acknowledgement > state_.acknowledged()) ApplyAcknowledgement(acknowledgement);
      FlushOverflow(bytes_max);
      Write(batch, bytes_max);
      Publish();
    }
    for (Pending& pending : batch) {
      if (pending.done) pending.done(pending.status);
    }
    if (closing && batch.empty()) return;
  }
}

void Spool::Write(std::deque<Pending>& batch, uint64_t bytes_max) {
  if (batch.empty()) return;
  const uint64_t generation = state_.refused_total();
  const uint64_t first = segments_.last() + 1;
  uint64_t next = first;
  std::string frames;
  std::vector<Pending*> written;
  for (Pending& pending : batch) {
    if (!pending.kept) {
      Refuse(pending, "spool queue full");
    } else if (pending.bytes > options_.record_bytes_max) {
      Refuse(pending, "record too large");
    } else if (segments_.bytes() + frames.size() + pending.bytes + kReservedBytes > bytes_max) {
      Refuse(pending, "spool full");
    } else {
      pending.record.set_sequence(next++);
      frames += EncodeFrame(key_, pending.record);
      written.push_back(&pending);
    }
  }
  if (!written.empty()) {
    const absl::Status status = segments_.Append(frames, first, next - 1);
    if (!status.ok()) {
      ++failures_;
      if (!state_.has_overflow()) {
        spdlog::error("spool: {} records not written: {}", written.size(),
                      std::string(status.message()));
      }
      for (Pending* pending : written) Refuse(*pending, CauseOf(status));
    }
  }
  if (state_.refused_total() == generation) return;
  const absl::Status stored = state_file_.Store(state_);
  if (stored.ok()) return;
  ++failures_;
  spdlog::error("spool: refused records not counted on disk: {}", std::string(stored.message()));
  for (Pending& pending : batch) {
    if (!pending.status.ok()) pending.status = stored;
  }
}

void Spool::Refuse(Pending& pending, std::string_view cause) {
  pending.status = absl::ResourceExhaustedError(std::string(cause));
  state_.set_refused_total(state_.refused_total() + 1);
  v1::SpoolOverflow& overflow = *state_.mutable_overflow();
  if (overflow.event_id().empty()) {
    overflow.set_event_id(NewUuid());
    *overflow.mutable_since() = ToProtoTime(Clock::Real().WallNow());
    overflow.set_cause(std::string(cause));
    spdlog::error("spool: {}: incidents are counted from now on, not kept", cause);
  }
  auto& counts = *overflow.mutable_counts();
  std::string key = CountedAs(pending.record).substr(0, 64);
  if (!counts.contains(key) && counts.size() >= options_.overflow_rules_max) key = "other";
  ++counts[key];
}

void Spool::FlushOverflow(uint64_t bytes_max) {
  if (!state_.has_overflow()) return;
  if (segments_.bytes() + kReservedBytes + kRoomBytesMin > bytes_max) return;
  const uint64_t sequence = segments_.last() + 1;
  const std::string frame = EncodeFrame(key_, OverflowRecord(state_.overflow(), sequence));
  if (!segments_.Append(frame, sequence, sequence).ok()) {
    ++failures_;
    return;
  }
  const v1::SpoolOverflow written = state_.overflow();
  state_.clear_overflow();
  if (auto status = state_file_.Store(state_); !status.ok()) {
    // The record is durable; a start from here finds it by its id and clears the counts.
    ++failures_;
    spdlog::error("spool: {}", std::string(status.message()));
  }
}

void Spool::ApplyAcknowledgement(uint64_t sequence) {
  state_.set_acknowledged(sequence);
  absl::Status status = state_file_.Store(state_);
  // On a failed store the segments still go: what is acknowledged is at the server.
  status.Update(segments_.Drop(sequence));
  if (!status.ok()) {
    ++failures_;
    spdlog::error("spool: acknowledgement not kept: {}", std::string(status.message()));
  }
}

void Spool::Publish() {
  const std::lock_guard lock(mutex_);
  overflow_waits_ = state_.has_overflow();
  stats_.last = segments_.last();
  stats_.acknowledged = state_.acknowledged();
  stats_.records = segments_.CountAfter(state_.acknowledged());
  stats_.bytes = segments_.bytes();
  stats_.refused = state_.refused_total();
  stats_.failures = failures_;
  stats_.unreadable = segments_.unreadable();
  grown_.notify_all();
}

}  // namespace shoumi::agent
