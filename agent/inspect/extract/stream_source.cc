#include "agent/inspect/extract/stream_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace shoumi::inspect {

absl::Status StreamSource::Restart() {
  return absl::FailedPreconditionError("content that can be read in order only");
}

uint64_t StreamSource::size() {
  // What keeps it from loading is said by the read that follows.
  if (!loaded_ && !declared()) Load().IgnoreError();
  return loaded_ ? all_.size() : declared().value_or(0);
}

absl::StatusOr<size_t> StreamSource::ReadNext(std::span<char> out) {
  if (!context_.InTime("")) return absl::AbortedError("deadline");
  absl::StatusOr<size_t> got = Next(out);
  if (!got.ok()) return got;
  position_ += *got;
  if (!context_.SpendBytes(*got, "")) return absl::AbortedError("expanded bytes");
  return got;
}

absl::StatusOr<size_t> StreamSource::ReadAt(uint64_t offset, std::span<char> out) {
  size_t done = 0;
  if (!loaded_ && offset < head_.size()) {
    done = std::min<size_t>(out.size(), head_.size() - offset);
    std::memcpy(out.data(), head_.data() + offset, done);
  }
  if (done == out.size()) return done;
  if (!loaded_ && offset + done != position_) {
    if (const absl::Status& loaded = Load(); !loaded.ok()) return loaded;
  }
  if (loaded_) {
    if (offset >= all_.size()) return size_t{0};
    done = std::min<size_t>(out.size(), all_.size() - offset);
    std::memcpy(out.data(), all_.data() + offset, done);
    return done;
  }
  while (done < out.size()) {
    const bool at_head = position_ == head_.size() && head_.size() < kHeadBytes;
    const absl::StatusOr<size_t> got = ReadNext(out.subspan(done));
    if (!got.ok()) return done > 0 && absl::IsDataLoss(got.status()) ? done : got;
    if (*got == 0) break;
    if (at_head) head_.append(out.data() + done, std::min(*got, kHeadBytes - head_.size()));
    done += *got;
  }
  return done;
}

// Once: what did not fit then does not fit now, and may be unpacked no second time.
const absl::Status& StreamSource::Load() {
  if (load_error_.ok()) load_error_ = LoadAll();
  return load_error_;
}

absl::Status StreamSource::LoadAll() {
  if (position_ == head_.size()) {
    all_ = std::move(head_);
    head_.clear();
  } else {
    if (absl::Status restarted = Restart(); !restarted.ok()) return restarted;
    position_ = 0;
  }
  const uint64_t bound = context_.limits.memory_object_bytes_max;
  while (true) {
    const size_t kept = all_.size();
    if (kept >= bound) {
      std::string().swap(all_);
      return absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bound));
    }
    // The declared size is a hint only: it may lie either way.
    const uint64_t wanted = declared().value_or(0) + 1;
    const uint64_t hint = wanted > kept ? wanted - kept : kept;
    all_.resize(kept + std::min(std::clamp<uint64_t>(hint, 4096, 16 << 20), bound - kept));
    const absl::StatusOr<size_t> got = ReadNext(std::span(all_).subspan(kept));
    all_.resize(kept + (got.ok() ? *got : 0));
    if (!got.ok() && absl::IsDataLoss(got.status()) && kept > 0) {
      context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                              std::string(got.status().message()));
      break;  // what could be unpacked is still looked at
    }
    if (!got.ok()) return got.status();
    if (*got == 0) break;
  }
  loaded_ = true;
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
