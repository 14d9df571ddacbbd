#pragma once

#include <memory>

#include "agent/inspect/extract/stream_source.h"
#include "agent/inspect/extract/zip/archive.h"
#include "zip.h"

namespace shoumi::inspect {

// One member of a zip file as ZipArchive::OpenEntry describes it.
class ZipEntrySource final : public StreamSource {
 public:
  ZipEntrySource(zip_t* archive, const ZipArchive::Entry& entry, Context& context)
      : StreamSource(context), archive_(archive), entry_(entry) {}

  absl::Status Open();

 private:
  struct CloseFile {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };

  absl::StatusOr<size_t> Next(std::span<char> out) override;
  absl::Status Restart() override { return Open(); }
  [[nodiscard]] std::optional<uint64_t> declared() const override { return entry_.bytes; }

  zip_t* const archive_;
  const ZipArchive::Entry& entry_;
  std::unique_ptr<zip_file_t, CloseFile> file_;
};

}  // namespace shoumi::inspect
