#include "agent/inspect/extract/zip/entry_source.h"

#include "fmt/format.h"

namespace shoumi::inspect {

absl::Status ZipEntrySource::Open() {
  if (entry_.damaged) return absl::DataLossError("damaged zip member");
  if (entry_.encrypted) return absl::PermissionDeniedError("encrypted member");
  file_.reset(zip_fopen_index(archive_, entry_.index, 0));
  if (file_ != nullptr) return absl::OkStatus();
  const int error = zip_error_code_zip(zip_get_error(archive_));
  if (error == ZIP_ER_COMPNOTSUPP) return absl::UnimplementedError("zip compression method");
  if (error == ZIP_ER_ENCRNOTSUPP || error == ZIP_ER_NOPASSWD) {
    return absl::PermissionDeniedError("encrypted member");
  }
  return absl::DataLossError("damaged zip member");
}

absl::StatusOr<size_t> ZipEntrySource::Next(std::span<char> out) {
  const uint64_t so_far = position();
  if (so_far > ZipArchive::kRatioFreeBytes &&
      so_far / ZipArchive::kRatioMax > entry_.packed_bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("unpacks to more than {} times its size", ZipArchive::kRatioMax));
  }
  const zip_int64_t got = zip_fread(file_.get(), out.data(), out.size());
  if (got < 0) return absl::DataLossError("damaged zip member");
  return static_cast<size_t>(got);
}

}  // namespace shoumi::inspect
