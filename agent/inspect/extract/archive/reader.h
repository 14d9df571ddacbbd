#pragma once

#include <locale.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inspect/extract/archive/detect.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/stream_source.h"

struct archive;
struct archive_entry;

namespace shoumi::inspect {

// The members of an archive in the order in which they stand there, over any Source, which outlives
// it. Only the formats named in DetectArchive() are switched on, no filter runs a program, nothing
// is read but `source`. Single-threaded.
class ArchiveReader {
 public:
  // A member, or a file in the archive's sum, that unpacks to more than this and more than
  // kRatioMax times what was read of the archive is a bomb.
  static constexpr uint64_t kRatioFreeBytes = 64ULL << 20;
  static constexpr uint64_t kRatioMax = 200;

  struct Member {
    std::string name;         // UTF-8
    std::string link_target;  // UTF-8; of a link
    bool file = false;        // with content of its own
    bool encrypted = false;
    std::optional<uint64_t> bytes;  // as declared
  };

  ArchiveReader(Source& source, Context& context, const ArchiveKind& kind);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  absl::Status Open();
  // False at the end.
  absl::StatusOr<bool> Next(Member* member);
  // The content of the member that Next() gave, until it is called again.
  absl::StatusOr<size_t> Read(std::span<char> out);
  // Whether Read() failed for this member: whoever read has said so.
  [[nodiscard]] bool member_failed() const { return member_failed_; }
  // Passes over what was not read of it, within the bounds of the context.
  absl::Status Skip();
  // Once Next() said false: the bytes of the source behind the archive's end, in order, where that
  // is known. Programs pass over them.
  absl::StatusOr<size_t> ReadBehind(std::span<char> out);

 private:
  struct Release {
    void operator()(archive* a) const;
  };
  // libarchive turns names into what the locale says; ours is UTF-8 while it works.
  class Utf8Locale;

  static ssize_t OnRead(archive* a, void* self, const void** block);
  static int64_t OnSeek(archive* a, void* self, int64_t offset, int whence);
  static int64_t OnSkip(archive* a, void* self, int64_t bytes);
  absl::Status Error() const;

  Source& source_;
  Context& context_;
  const ArchiveKind kind_;
  std::unique_ptr<archive, Release> archive_;
  using Block = std::array<char, 64 << 10>;
  uint64_t offset_ = 0;      // into source_
  std::string_view last_;    // what was read up to there, in one of blocks_
  std::string_view before_;  // and before that, in the other
  uint64_t behind_ = 0;      // what ReadBehind() gave
  uint64_t taken_ = 0;       // bytes given to libarchive
  uint64_t given_ = 0;       // bytes it gave
  bool empty_ = false;       // a compressed file of nothing
  bool member_failed_ = false;
  std::array<Block, 2> blocks_;
};

// What ReadBehind() gives as a Source, `start` before it.
class BehindSource final : public StreamSource {
 public:
  BehindSource(ArchiveReader& reader, std::string_view start, Context& context)
      : StreamSource(context), reader_(reader), start_(start) {}

 private:
  absl::StatusOr<size_t> Next(std::span<char> out) override;
  [[nodiscard]] std::optional<uint64_t> declared() const override { return std::nullopt; }

  ArchiveReader& reader_;
  std::string_view start_;
};

// The content of a member as a Source.
class MemberSource final : public StreamSource {
 public:
  MemberSource(ArchiveReader& reader, const ArchiveReader::Member& member, Context& context)
      : StreamSource(context), reader_(reader), bytes_(member.bytes) {}

 private:
  absl::StatusOr<size_t> Next(std::span<char> out) override { return reader_.Read(out); }
  [[nodiscard]] std::optional<uint64_t> declared() const override { return bytes_; }

  ArchiveReader& reader_;
  const std::optional<uint64_t> bytes_;
};

}  // namespace shoumi::inspect
