#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/extract/extract.h"

struct zip;

namespace shoumi::inspect {

// The members of one zip file, over any Source, which outlives it. Single-threaded.
class ZipArchive {
 public:
  static constexpr uint64_t kDirectoryEntriesMax = 200'000;
  // A member that unpacks to more than this and more than kRatioMax times its packed size is a
  // bomb.
  static constexpr uint64_t kRatioFreeBytes = 64ULL << 20;
  static constexpr uint64_t kRatioMax = 200;

  struct Entry {
    uint64_t index = 0;
    std::string name;  // UTF-8
    uint64_t bytes = 0;
    uint64_t packed_bytes = 0;
    bool encrypted = false;
    bool damaged = false;  // its directory entry cannot be read
    [[nodiscard]] bool folder() const { return name.ends_with('/'); }
  };

  // OutOfRange: too many members. DataLoss: damaged, or members that share their packed bytes.
  static absl::StatusOr<std::unique_ptr<ZipArchive>> Open(Source& source);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Where the archive ends; programs pass over what its file holds behind that.
  [[nodiscard]] uint64_t end_offset() const { return end_offset_; }
  // Comments of the archive and its members, one a line.
  [[nodiscard]] const std::string& comments() const { return comments_; }

  // The unpacked member, as a stream: reading in order needs no memory beyond the first
  // kHeadBytes; any other order loads the whole, up to Limits::memory_object_bytes_max. Every byte
  // that is unpacked is spent from `context`; Aborted when a bound of it was passed.
  // PermissionDenied for an encrypted member, Unimplemented for an unknown method. The archive and
  // `context` outlive the result.
  absl::StatusOr<std::unique_ptr<Source>> OpenEntry(const Entry& entry, Context& context);

 private:
  struct Input;
  ZipArchive();
  absl::Status ReadEntries(uint64_t archive_bytes);
  void AddComment(const char* comment, size_t bytes);

  std::unique_ptr<Input> input_;
  zip* archive_ = nullptr;
  std::vector<Entry> entries_;
  std::string comments_;
  uint64_t end_offset_ = 0;
};

}  // namespace shoumi::inspect
