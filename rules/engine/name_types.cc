#include "rules/engine/name_types.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

// Kinds of content, as bits of what a suffix may stand for.
enum Kind : uint32_t {
  kUnknown = 0,
  kText = 1U << 0U,  // plain, HTML, XML, mail
  kRtf = 1U << 1U,
  kPdf = 1U << 2U,
  kCompound = 1U << 3U,      // OLE2: old Office, encrypted new Office, msg, msi
  kNewOffice = 1U << 4U,     // OOXML packages
  kOpenDocument = 1U << 5U,  // ODF and OFD
  kZip = 1U << 6U,
  kArchive = 1U << 7U,
  kPicture = 1U << 8U,
  kMedia = 1U << 9U,
  kProgram = 1U << 10U,
  kDatabase = 1U << 11U,
  kFont = 1U << 12U,
};

struct Suffix {
  std::string_view suffix;
  uint32_t may_be;
};

constexpr uint32_t kPackages = kZip | kNewOffice | kOpenDocument;
// Office opens what it is given whatever the suffix, and programs that export "Excel" write HTML.
constexpr uint32_t kOldOffice = kCompound | kNewOffice | kOpenDocument | kRtf | kText;
constexpr uint32_t kOffice = kCompound | kNewOffice;
constexpr uint32_t kPlain = kText | kRtf;

// In order of suffix.
constexpr auto kSuffixes = std::to_array<Suffix>({
    {"3gp", kMedia},
    {"7z", kArchive | kPackages},
    {"aac", kMedia},
    {"amr", kMedia},
    {"avi", kMedia},
    {"bmp", kPicture},
    {"bz2", kArchive},
    {"cab", kArchive},
    {"csv", kPlain},
    {"dll", kProgram},
    {"doc", kOldOffice},
    {"docm", kOffice},
    {"docx", kOffice},
    {"dotx", kOffice},
    {"dps", kOldOffice},
    {"eml", kText},
    {"et", kOldOffice},
    {"exe", kProgram | kArchive | kZip | kCompound},
    {"flac", kMedia},
    {"flv", kMedia},
    {"gif", kPicture},
    {"gz", kArchive},
    {"heic", kPicture | kMedia},
    {"htm", kPlain},
    {"html", kPlain},
    {"ini", kPlain},
    {"iso", kArchive},
    {"jpeg", kPicture},
    {"jpg", kPicture},
    {"json", kPlain},
    {"log", kPlain},
    {"m4a", kMedia},
    {"m4v", kMedia},
    {"md", kPlain},
    {"mkv", kMedia},
    {"mov", kMedia},
    {"mp3", kMedia},
    {"mp4", kMedia},
    {"mpeg", kMedia},
    {"mpg", kMedia},
    {"odp", kOpenDocument | kText},
    {"ods", kOpenDocument | kText},
    {"odt", kOpenDocument | kText},
    {"ofd", kOpenDocument},
    {"ogg", kMedia},
    {"pdf", kPdf},
    {"png", kPicture},
    {"ppt", kOldOffice},
    {"pptm", kOffice},
    {"pptx", kOffice},
    {"psd", kPicture},
    {"rar", kArchive | kPackages},
    {"rtf", kPlain | kCompound},
    {"sql", kPlain},
    {"sqlite", kDatabase},
    {"tar", kArchive},
    {"tgz", kArchive},
    {"tif", kPicture},
    {"tiff", kPicture},
    {"ttf", kFont},
    {"txt", kPlain},
    {"wav", kMedia},
    {"webm", kMedia},
    {"webp", kPicture},
    {"wma", kMedia},
    {"wmv", kMedia},
    {"wps", kOldOffice},
    {"xls", kOldOffice},
    {"xlsb", kOffice},
    {"xlsm", kOffice},
    {"xlsx", kOffice},
    {"xml", kPlain},
    {"xz", kArchive},
    {"yaml", kPlain},
    {"yml", kPlain},
    {"zip", kArchive | kPackages},
    {"zst", kArchive},
});

struct Type {
  std::string_view start;  // of the media type
  uint32_t kind;
};

// The first that fits.
constexpr auto kTypes = std::to_array<Type>({
    {"text/", kText},
    {"message/", kText},
    {"application/vnd.oasis.opendocument+xml", kText},
    {"application/vnd.oasis.opendocument", kOpenDocument},
    {"application/ofd", kOpenDocument},
    {"application/vnd.openxmlformats", kNewOffice},
    {"application/rtf", kRtf},
    {"application/pdf", kPdf},
    {"application/x-ole-storage", kCompound},
    {"application/msword", kCompound},
    {"application/vnd.ms-excel", kCompound},
    {"application/vnd.ms-powerpoint", kCompound},
    {"application/vnd.ms-outlook-pst", kDatabase},
    {"application/vnd.ms-outlook", kCompound},
    {"application/zip", kZip},
    {"application/gzip", kArchive},
    {"application/lzip", kArchive},
    {"application/zstd", kArchive},
    {"application/vnd.rar", kArchive},
    {"application/vnd.ms-cab", kArchive},
    {"application/x-7z", kArchive},
    {"application/x-archive", kArchive},
    {"application/x-arj", kArchive},
    {"application/x-bzip2", kArchive},
    {"application/x-compress", kArchive},
    {"application/x-cpio", kArchive},
    {"application/x-iso9660", kArchive},
    {"application/x-lz", kArchive},
    {"application/x-rpm", kArchive},
    {"application/x-tar", kArchive},
    {"application/x-xz", kArchive},
    {"application/vnd.sqlite3", kDatabase},
    {"application/vnd.ms-access", kDatabase},
    {"application/vnd.microsoft.portable-executable", kProgram},
    {"application/x-elf", kProgram},
    {"application/x-mach-binary", kProgram},
    {"image/", kPicture},
    {"audio/", kMedia},
    {"video/", kMedia},
    {"font/", kFont},
});

constexpr size_t kSuffixBytesMax = 6;

const Suffix* Find(std::string_view suffix) {
  const auto* found =
      std::lower_bound(kSuffixes.begin(), kSuffixes.end(), suffix,
                       [](const Suffix& one, std::string_view word) { return one.suffix < word; });
  return found != kSuffixes.end() && found->suffix == suffix ? found : nullptr;
}

}  // namespace

std::string_view KnownSuffix(std::string_view name) {
  static_assert(
      std::is_sorted(kSuffixes.begin(), kSuffixes.end(),
                     [](const Suffix& a, const Suffix& b) { return a.suffix < b.suffix; }));
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot - 1 > kSuffixBytesMax) {
    return {};
  }
  std::array<char, kSuffixBytesMax> lower{};
  const std::string_view suffix = name.substr(dot + 1);
  std::transform(suffix.begin(), suffix.end(), lower.begin(), ToLower);
  const Suffix* const found = Find({lower.data(), suffix.size()});
  return found != nullptr ? found->suffix : std::string_view();
}

bool Contradicts(std::string_view suffix, std::string_view media_type) {
  const Suffix* const known = Find(suffix);
  if (known == nullptr) return false;
  const auto* const type =
      std::find_if(kTypes.begin(), kTypes.end(),
                   [media_type](const Type& one) { return media_type.starts_with(one.start); });
  return type != kTypes.end() && (known->may_be & type->kind) == 0;
}

}  // namespace shoumi::rules
