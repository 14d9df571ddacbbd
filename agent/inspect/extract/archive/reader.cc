#include "agent/inspect/extract/archive/reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "agent/inspect/extract/text/names.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

using Support = int (*)(archive*);
struct Formats {
  std::string_view media_type;
  Support first;
  Support second = nullptr;
};
// Left to guess, libarchive takes any content that starts with zeros for an empty tar.
constexpr Formats kFormats[] = {
    {"application/x-7z-compressed", archive_read_support_format_7zip},
    {"application/vnd.rar", archive_read_support_format_rar, archive_read_support_format_rar5},
    {"application/vnd.ms-cab-compressed", archive_read_support_format_cab},
    {"application/x-iso9660-image", archive_read_support_format_iso9660},
    {"application/x-rpm", archive_read_support_format_cpio},
    {"application/x-lzh", archive_read_support_format_lha},
    {"application/x-tar", archive_read_support_format_tar},
    {"application/x-cpio", archive_read_support_format_cpio},
    {"application/x-archive", archive_read_support_format_ar},
};
constexpr Formats kFilters[] = {
    {"application/gzip", archive_read_support_filter_gzip},
    {"application/x-bzip2", archive_read_support_filter_bzip2},
    {"application/x-xz", archive_read_support_filter_xz},
    {"application/x-lzma", archive_read_support_filter_lzma},
    {"application/lzip", archive_read_support_filter_lzip},
    {"application/zstd", archive_read_support_filter_zstd},
    {"application/x-lz4", archive_read_support_filter_lz4},
    {"application/x-compress", archive_read_support_filter_compress},
};
// What the payload of an rpm is packed with.
constexpr Support kRpmFilters[] = {
    archive_read_support_filter_rpm,   archive_read_support_filter_gzip,
    archive_read_support_filter_bzip2, archive_read_support_filter_xz,
    archive_read_support_filter_lzma,  archive_read_support_filter_zstd};

absl::Status SwitchOn(archive* a, const ArchiveKind& kind) {
  for (const Formats& formats : kFormats) {
    if (formats.media_type != kind.media_type) continue;
    formats.first(a);
    if (formats.second != nullptr) formats.second(a);
  }
  if (kind.media_type == "application/x-rpm") {
    for (const Support filter : kRpmFilters) filter(a);
  }
  if (!kind.compressed_file) return absl::OkStatus();
  archive_read_support_format_raw(a);
  for (const Formats& filter : kFilters) {
    if (filter.media_type != kind.media_type) continue;
    // Without a library for it a program would be run; that is said by a warning.
    if (filter.first(a) == ARCHIVE_OK) return absl::OkStatus();
  }
  return absl::UnimplementedError("compression method");
}

bool Says(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

std::string NameOf(archive_entry* entry) {
  // Names that carry their encoding come out as UTF-8 either way; others as their own bytes.
  const char* name = ::archive_entry_pathname(entry);
  if (name == nullptr) name = ::archive_entry_pathname_utf8(entry);
  return name == nullptr ? "" : DecodeName(name);
}

// Kinds of nothing else: some programs write members of no kind at all, which are files.
bool HasNoContent(unsigned type) {
  return type == AE_IFDIR || type == AE_IFLNK || type == AE_IFCHR || type == AE_IFBLK ||
         type == AE_IFIFO || type == AE_IFSOCK;
}

std::string TargetOf(archive_entry* entry) {
  const char* target = ::archive_entry_hardlink(entry);
  if (target == nullptr) target = ::archive_entry_symlink(entry);
  return target == nullptr ? "" : DecodeName(target);
}

}  // namespace

void ArchiveReader::Release::operator()(archive* a) const {
  ::archive_read_free(a);
}

// C.UTF-8 is part of the C library since glibc 2.35: no file is opened for it.
class ArchiveReader::Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (kUtf8 != nullptr) before_ = ::uselocale(kUtf8);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (before_ != nullptr) ::uselocale(before_);
  }

 private:
  locale_t before_ = nullptr;
};

ArchiveReader::ArchiveReader(Source& source, Context& context, const ArchiveKind& kind)
    : source_(source), context_(context), kind_(kind) {}

ArchiveReader::~ArchiveReader() = default;

absl::Status ArchiveReader::Open() {
  const Utf8Locale locale;
  archive_.reset(::archive_read_new());
  archive* const a = archive_.get();
  if (a == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (absl::Status on = SwitchOn(a, kind_); !on.ok()) return on;
  ::archive_read_set_callback_data(a, this);
  ::archive_read_set_read_callback(a, OnRead);
  ::archive_read_set_seek_callback(a, OnSeek);
  // What comes out of another archive is read in order.
  if (context_.depth == 0) ::archive_read_set_skip_callback(a, OnSkip);
  if (::archive_read_open1(a) == ARCHIVE_OK) return absl::OkStatus();
  // Damage would have shown before: nothing came out.
  const char* const words = ::archive_error_string(a);
  empty_ = kind_.compressed_file && words != nullptr && Says(words, {"Unrecognized"});
  return empty_ ? absl::OkStatus() : Error();
}

ssize_t ArchiveReader::OnRead(archive* a, void* self, const void** block) {
  auto* const reader = static_cast<ArchiveReader*>(self);
  if (!reader->context_.InTime("")) {
    ::archive_set_error(a, ECANCELED, "deadline");
    return ARCHIVE_FATAL;
  }
  // The block before stays: its end may lie behind that of the archive.
  const bool first = reader->last_.data() != reader->blocks_[0].data();
  Block& next = reader->blocks_[first ? 0 : 1];
  const auto got = reader->source_.ReadAt(reader->offset_, next);
  if (!got.ok()) {
    ::archive_set_error(a, absl::IsAborted(got.status()) ? ECANCELED : EIO, "reading content");
    return ARCHIVE_FATAL;
  }
  if (*got == 0) return 0;
  reader->before_ = reader->last_;
  reader->last_ = std::string_view(next.data(), *got);
  reader->offset_ += *got;
  reader->taken_ += *got;
  *block = next.data();
  return static_cast<ssize_t>(*got);
}

int64_t ArchiveReader::OnSeek(archive*, void* self, int64_t offset, int whence) {
  auto* const reader = static_cast<ArchiveReader*>(self);
  const auto size = static_cast<int64_t>(std::min<uint64_t>(reader->source_.size(), INT64_MAX));
  int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<int64_t>(reader->offset_);
  if (whence == SEEK_END) base = size;
  int64_t to = 0;
  if (__builtin_add_overflow(base, offset, &to) || to < 0) return ARCHIVE_FATAL;
  reader->offset_ = static_cast<uint64_t>(to);
  reader->last_ = reader->before_ = {};
  return to;
}

int64_t ArchiveReader::OnSkip(archive*, void* self, int64_t bytes) {
  auto* const reader = static_cast<ArchiveReader*>(self);
  if (bytes <= 0) return 0;
  reader->offset_ += static_cast<uint64_t>(bytes);
  reader->last_ = reader->before_ = {};
  return bytes;
}

absl::Status ArchiveReader::Error() const {
  const char* const words = ::archive_error_string(archive_.get());
  const std::string_view text = words == nullptr ? "" : words;
  const int error = ::archive_errno(archive_.get());
  if (error == ECANCELED) return absl::AbortedError("deadline");
  if (error == ENOMEM || Says(text, {"memory"})) {
    return absl::ResourceExhaustedError("unpacking needs more memory than there is");
  }
  // The words of libarchive 3.6.
  if (Says(text, {"too many filters"})) return absl::OutOfRangeError("compressed again and again");
  if (Says(text, {"ncrypt", "Crypto", "assphrase"}) ||
      // Only a format that was told can be asked.
      (::archive_format(archive_.get()) != 0 &&
       ::archive_read_has_encrypted_entries(archive_.get()) > 0)) {
    return absl::PermissionDeniedError("encrypted member");
  }
  if (Says(text, {"upport", "codec ID"}))
    return absl::UnimplementedError("compression method of the archive");
  return absl::DataLossError("damaged archive");
}

absl::StatusOr<bool> ArchiveReader::Next(Member* member) {
  if (empty_) return false;
  const Utf8Locale locale;
  archive_entry* entry = nullptr;
  const int result = ::archive_read_next_header(archive_.get(), &entry);
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Error();
  *member = {};
  member_failed_ = false;
  member->name = NameOf(entry);
  member->link_target = TargetOf(entry);
  member->encrypted = ::archive_entry_is_encrypted(entry) != 0;
  if (::archive_entry_size_is_set(entry) != 0) {
    member->bytes = static_cast<uint64_t>(std::max<int64_t>(::archive_entry_size(entry), 0));
  }
  member->file = member->bytes.value_or(0) > 0 ||
                 (!HasNoContent(::archive_entry_filetype(entry)) && member->link_target.empty());
  return true;
}

absl::StatusOr<size_t> ArchiveReader::Read(std::span<char> out) {
  if (given_ > kRatioFreeBytes && given_ / kRatioMax > taken_) {
    return absl::ResourceExhaustedError(
        fmt::format("unpacks to more than {} times its size", kRatioMax));
  }
  const Utf8Locale locale;
  const la_ssize_t got = ::archive_read_data(archive_.get(), out.data(), out.size());
  if (got < 0) {
    member_failed_ = true;
    return Error();
  }
  given_ += static_cast<uint64_t>(got);
  return static_cast<size_t>(got);
}

absl::StatusOr<size_t> ArchiveReader::ReadBehind(std::span<char> out) {
  const int64_t end = ::archive_filter_bytes(archive_.get(), -1);
  if (!kind_.has_end || end < 0) return size_t{0};
  const uint64_t from = static_cast<uint64_t>(end) + behind_;
  size_t got = 0;
  for (const std::string_view kept : {last_, before_}) {
    const uint64_t end_of = kept.data() == last_.data() ? offset_ : offset_ - last_.size();
    if (got != 0 || from >= end_of || end_of - from > kept.size()) continue;
    got = kept.substr(kept.size() - (end_of - from)).copy(out.data(), out.size());
  }
  if (from >= offset_) {
    const absl::StatusOr<size_t> read = source_.ReadAt(from, out);
    if (!read.ok()) return read.status();
    got = *read;
  }
  behind_ += got;
  return got;
}

absl::StatusOr<size_t> BehindSource::Next(std::span<char> out) {
  if (start_.empty()) return reader_.ReadBehind(out);
  const size_t got = start_.copy(out.data(), out.size());
  start_.remove_prefix(got);
  return got;
}

absl::Status ArchiveReader::Skip() {
  std::array<char, 64 << 10> passed;
  while (true) {
    if (!context_.InTime("")) return absl::AbortedError("deadline");
    const absl::StatusOr<size_t> got = Read(passed);
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::OkStatus();
  }
}

}  // namespace shoumi::inspect
