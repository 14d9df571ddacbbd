#pragma once

#include <memory>
#include <string>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/zip/archive.h"
#include "zip.h"

namespace shoumi::inspect {

// One member of a zip file as ZipArchive::OpenEntry describes it.
class ZipEntrySource final : public Source {
 public:
  ZipEntrySource(zip_t* archive, const ZipArchive::Entry& entry, Context& context)
      : archive_(archive), entry_(entry), context_(context) {}

  absl::Status Open();
  [[nodiscard]] uint64_t size() const override;
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override;

 private:
  struct CloseFile {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };

  absl::StatusOr<size_t> ReadNext(std::span<char> out);
  absl::Status LoadAll();

  zip_t* const archive_;
  const ZipArchive::Entry& entry_;
  Context& context_;
  std::unique_ptr<zip_file_t, CloseFile> file_;
  uint64_t position_ = 0;  // of file_, in the unpacked bytes
  std::string head_;       // the first bytes, once read
  std::string all_;
  bool loaded_ = false;
};

}  // namespace shoumi::inspect
