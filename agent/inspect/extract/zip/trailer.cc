#include "agent/inspect/extract/zip/trailer.h"

#include <algorithm>
#include <string>

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

constexpr size_t kTrailerBytes = 22;
constexpr size_t kCommentBytesMax = 65535;
constexpr size_t kLocatorBytes = 20;
constexpr size_t kTrailer64Bytes = 56;
constexpr size_t kHeaderBytes = 46;
constexpr uint64_t kDirectoryLookBytesMax = 1 << 20;

uint64_t Little(std::string_view bytes, size_t at, size_t width) {
  uint64_t value = 0;
  for (size_t i = width; i > 0; --i) {
    value = (value << 8) | static_cast<uint8_t>(bytes[at + i - 1]);
  }
  return value;
}

absl::StatusOr<std::string> ReadSome(Source& source, uint64_t offset, uint64_t bytes) {
  std::string out(bytes, '\0');
  absl::StatusOr<size_t> got = source.ReadAt(offset, std::span(out));
  if (!got.ok()) return got.status();
  out.resize(*got);
  return out;
}

void ReadZip64(Source& source, uint64_t locator_offset, ZipTrailer& trailer) {
  const auto locator = ReadSome(source, locator_offset, kLocatorBytes);
  if (!locator.ok() || locator->size() < kLocatorBytes || !locator->starts_with("PK\x06\x07"))
    return;
  const auto record = ReadSome(source, Little(*locator, 8, 8), kTrailer64Bytes);
  if (!record.ok() || record->size() < kTrailer64Bytes || !record->starts_with("PK\x06\x06"))
    return;
  trailer.entries = Little(*record, 32, 8);
  trailer.directory_bytes = Little(*record, 40, 8);
  trailer.directory_offset = Little(*record, 48, 8);
}

}  // namespace

bool LooksLikeZip(std::string_view head) {
  return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06") ||
         head.starts_with("PK\x07\x08") || head.starts_with("PK00PK\x03\x04");
}

absl::StatusOr<ZipTrailer> ReadZipTrailer(Source& source) {
  const uint64_t size = source.size();
  const uint64_t look = std::min<uint64_t>(size, kTrailerBytes + kCommentBytesMax);
  const auto tail = ReadSome(source, size - look, look);
  if (!tail.ok()) return tail.status();
  const size_t at = tail->rfind("PK\x05\x06"sv);
  if (at == std::string::npos || at + kTrailerBytes > tail->size()) {
    return absl::NotFoundError("no end of central directory");
  }
  ZipTrailer trailer;
  trailer.entries = Little(*tail, at + 10, 2);
  trailer.directory_bytes = Little(*tail, at + 12, 4);
  trailer.directory_offset = Little(*tail, at + 16, 4);
  const uint64_t offset = size - look + at;
  trailer.end_offset = std::min(offset + kTrailerBytes + Little(*tail, at + 20, 2), size);
  if (offset >= kLocatorBytes) ReadZip64(source, offset - kLocatorBytes, trailer);
  return trailer;
}

bool ZipHasEntry(Source& source, std::string_view path) {
  const absl::StatusOr<ZipTrailer> trailer = ReadZipTrailer(source);
  if (!trailer.ok()) return false;
  const auto directory = ReadSome(source, trailer->directory_offset,
                                  std::min(trailer->directory_bytes, kDirectoryLookBytesMax));
  if (!directory.ok()) return false;
  size_t at = 0;
  while (at + kHeaderBytes <= directory->size() &&
         std::string_view(*directory).substr(at).starts_with("PK\x01\x02")) {
    const size_t name_bytes = Little(*directory, at + 28, 2);
    const std::string_view name =
        std::string_view(*directory).substr(at + kHeaderBytes, name_bytes);
    if (path.ends_with('/') ? name.starts_with(path) : name == path) return true;
    at +=
        kHeaderBytes + name_bytes + Little(*directory, at + 30, 2) + Little(*directory, at + 32, 2);
  }
  return false;
}

}  // namespace shoumi::inspect
