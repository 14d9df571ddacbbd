#include "agent/inspect/extract/zip/archive.h"

#include <algorithm>
#include <cstring>

#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/zip/entry_source.h"
#include "agent/inspect/extract/zip/trailer.h"
#include "fmt/format.h"
#include "zip.h"

namespace shoumi::inspect {

// State of libzip's callback: a position in a Source.
struct ZipArchive::Input {
  explicit Input(Source& from) : source(from) { zip_error_init(&error); }

  Source& source;
  uint64_t position = 0;
  zip_error_t error;

  static zip_int64_t Call(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command);
};

zip_int64_t ZipArchive::Input::Call(void* state, void* data, zip_uint64_t length,
                                    zip_source_cmd_t command) {
  auto& input = *static_cast<Input*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      input.position = 0;
      return 0;
    case ZIP_SOURCE_READ: {
      const auto got = input.source.ReadAt(input.position, {static_cast<char*>(data), length});
      if (!got.ok()) {
        zip_error_set(&input.error, ZIP_ER_READ, 0);
        return -1;
      }
      input.position += *got;
      return static_cast<zip_int64_t>(*got);
    }
    case ZIP_SOURCE_SEEK: {
      const zip_int64_t to = zip_source_seek_compute_offset(input.position, input.source.size(),
                                                            data, length, &input.error);
      if (to < 0) return -1;
      input.position = static_cast<uint64_t>(to);
      return 0;
    }
    case ZIP_SOURCE_TELL:
      return static_cast<zip_int64_t>(input.position);
    case ZIP_SOURCE_STAT: {
      auto* stat = static_cast<zip_stat_t*>(data);
      zip_stat_init(stat);
      stat->size = input.source.size();
      stat->valid = ZIP_STAT_SIZE;
      return sizeof(zip_stat_t);
    }
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&input.error, data, length);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
      return 0;
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(
          ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
          ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    default:
      zip_error_set(&input.error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

ZipArchive::ZipArchive() = default;

ZipArchive::~ZipArchive() {
  if (archive_ != nullptr) zip_discard(archive_);
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::Open(Source& source) {
  const absl::StatusOr<ZipTrailer> trailer = ReadZipTrailer(source);
  if (!trailer.ok()) {
    return absl::IsNotFound(trailer.status()) ? absl::DataLossError("zip without directory")
                                              : trailer.status();
  }
  if (trailer->entries > kDirectoryEntriesMax) {
    return absl::OutOfRangeError(
        fmt::format("zip directory of more than {} entries", kDirectoryEntriesMax));
  }
  std::unique_ptr<ZipArchive> archive(new ZipArchive);
  archive->input_ = std::make_unique<Input>(source);
  archive->end_offset_ = trailer->end_offset;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* input = zip_source_function_create(Input::Call, archive->input_.get(), &error);
  if (input == nullptr) return absl::InternalError("zip source");
  archive->archive_ = zip_open_from_source(input, ZIP_RDONLY, &error);
  if (archive->archive_ == nullptr) {
    zip_source_free(input);
    return absl::DataLossError(
        fmt::format("damaged zip directory ({})", zip_error_code_zip(&error)));
  }
  if (absl::Status read = archive->ReadEntries(source.size()); !read.ok()) return read;
  return archive;
}

absl::Status ZipArchive::ReadEntries(uint64_t archive_bytes) {
  int archive_comment_bytes = 0;
  const char* const archive_comment =
      zip_get_archive_comment(archive_, &archive_comment_bytes, ZIP_FL_ENC_RAW);
  AddComment(archive_comment, static_cast<size_t>(std::max(archive_comment_bytes, 0)));
  const zip_int64_t count = zip_get_num_entries(archive_, 0);
  uint64_t packed = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    const auto index = static_cast<zip_uint64_t>(i);
    Entry entry;
    entry.index = index;
    if (zip_stat_index(archive_, index, ZIP_FL_ENC_RAW, &stat) != 0) {
      entry.damaged = true;
      entries_.push_back(std::move(entry));
      continue;
    }
    zip_uint32_t comment_bytes = 0;
    const char* const comment =
        zip_file_get_comment(archive_, index, &comment_bytes, ZIP_FL_ENC_RAW);
    AddComment(comment, comment_bytes);
    entry.name = DecodeName(stat.name != nullptr ? stat.name : "");
    entry.bytes = stat.size;
    entry.packed_bytes = stat.comp_size;
    entry.encrypted = stat.encryption_method != ZIP_EM_NONE;
    if (packed > archive_bytes || entry.packed_bytes > archive_bytes - packed) {
      return absl::DataLossError("zip members overlap");
    }
    packed += entry.packed_bytes;
    entries_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

void ZipArchive::AddComment(const char* comment, size_t bytes) {
  if (comment == nullptr || bytes == 0) return;
  comments_ += DecodeName({comment, bytes});
  comments_.push_back('\n');
}

absl::StatusOr<std::unique_ptr<Source>> ZipArchive::OpenEntry(const Entry& entry,
                                                              Context& context) {
  auto source = std::make_unique<ZipEntrySource>(archive_, entry, context);
  if (absl::Status opened = source->Open(); !opened.ok()) return opened;
  return source;
}

}  // namespace shoumi::inspect
