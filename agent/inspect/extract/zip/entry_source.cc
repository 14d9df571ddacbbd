#include "agent/inspect/extract/zip/entry_source.h"

#include <algorithm>
#include <cstring>

#include "fmt/format.h"

namespace shoumi::inspect {

absl::Status ZipEntrySource::Open() {
  if (entry_.damaged) return absl::DataLossError("damaged zip member");
  if (entry_.encrypted) return absl::PermissionDeniedError("encrypted member");
  file_.reset(zip_fopen_index(archive_, entry_.index, 0));
  position_ = 0;
  if (file_ != nullptr) return absl::OkStatus();
  const int error = zip_error_code_zip(zip_get_error(archive_));
  if (error == ZIP_ER_COMPNOTSUPP) return absl::UnimplementedError("zip compression method");
  if (error == ZIP_ER_ENCRNOTSUPP || error == ZIP_ER_NOPASSWD) {
    return absl::PermissionDeniedError("encrypted member");
  }
  return absl::DataLossError("damaged zip member");
}

uint64_t ZipEntrySource::size() const {
  return loaded_ ? all_.size() : entry_.bytes;
}

absl::StatusOr<size_t> ZipEntrySource::ReadNext(std::span<char> out) {
  if (!context_.InTime("")) return absl::AbortedError("deadline");
  const zip_int64_t got = zip_fread(file_.get(), out.data(), out.size());
  if (got < 0) return absl::DataLossError("damaged zip member");
  const auto count = static_cast<size_t>(got);
  position_ += count;
  if (!context_.SpendBytes(count, "")) return absl::AbortedError("expanded bytes");
  if (position_ > ZipArchive::kRatioFreeBytes &&
      position_ / ZipArchive::kRatioMax > entry_.packed_bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("unpacks to more than {} times its size", ZipArchive::kRatioMax));
  }
  return count;
}

absl::StatusOr<size_t> ZipEntrySource::ReadAt(uint64_t offset, std::span<char> out) {
  size_t done = 0;
  if (!loaded_ && offset < head_.size()) {
    done = std::min<size_t>(out.size(), head_.size() - offset);
    std::memcpy(out.data(), head_.data() + offset, done);
  }
  if (done == out.size()) return done;
  if (!loaded_ && offset + done != position_) {
    if (absl::Status loaded = LoadAll(); !loaded.ok()) return loaded;
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

absl::Status ZipEntrySource::LoadAll() {
  if (absl::Status opened = Open(); !opened.ok()) return opened;
  const uint64_t bound = context_.limits.memory_object_bytes_max;
  while (true) {
    const size_t kept = all_.size();
    if (kept >= bound) {
      std::string().swap(all_);
      return absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bound));
    }
    // The declared size is a hint only: it may lie either way.
    const uint64_t hint = kept == 0 ? std::clamp<uint64_t>(entry_.bytes + 1, 4096, 16 << 20) : kept;
    all_.resize(kept + std::min(hint, bound - kept));
    const absl::StatusOr<size_t> got = ReadNext(std::span(all_).subspan(kept));
    if (!got.ok() && absl::IsDataLoss(got.status())) {
      all_.resize(kept);
      if (kept == 0) return got.status();
      context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                              "damaged zip member");
      break;  // what could be unpacked is still looked at
    }
    if (!got.ok()) return got.status();
    all_.resize(kept + *got);
    if (*got == 0) break;
  }
  loaded_ = true;
  file_.reset();
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
