#include "agent/inspect/extract/ole2/ole2.h"

#include <algorithm>
#include <string>

#include "agent/inspect/extract/ole2/compound_file.h"
#include "agent/inspect/extract/ole2/object.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/report.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::string_view stream;
  std::string_view type;
};
constexpr Kind kKinds[] = {
    {"WordDocument", "application/msword"},
    {"Workbook", "application/vnd.ms-excel"},
    {"Book", "application/vnd.ms-excel"},
    {"PowerPoint Document", "application/vnd.ms-powerpoint"},
    {"VisioDocument", "application/vnd.visio"},
    {"Quill", "application/vnd.ms-publisher"},
    {"_VBA_PROJECT", "application/vnd.ms-office.vbaproject"},
};

// Office's own encryption ([MS-OFFCRYPTO]) and rights management.
bool IsEncrypted(CompoundFile& file) {
  return file.Find("EncryptedPackage") != nullptr || file.Find("EncryptedSummary") != nullptr ||
         file.Find(
             "\x09"
             "DRMContent") != nullptr;
}

bool IsObject(std::string_view stream) {
  return stream == "\x01Ole10Native" || stream == "Package" || stream == "CONTENTS";
}

bool HasOtherStreams(const CompoundFile& file) {
  return std::any_of(file.streams().begin(), file.streams().end(),
                     [](const CompoundFile::Stream& stream) {
                       return !stream.storage && stream.bytes > 0 && !IsOleBookkeeping(stream.name);
                     });
}

std::string_view TypeOf(const CompoundFile& file) {
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& one) {
    return file.Find(one.stream) != nullptr;
  });
  return kind == std::end(kKinds) ? "application/x-ole-storage"sv : kind->type;
}

using Read = absl::Status (*)(CompoundFile&, const CompoundFile::Stream&, Context&);
struct Reader {
  std::string_view stream;
  Read read;
  bool whole;  // the document itself, not what is said about it
};
constexpr Reader kReaders[] = {
    {"\5SummaryInformation", ReadPropertySet, false},
    {"\5DocumentSummaryInformation", ReadPropertySet, false},
    {"WordDocument", ReadWord, true},
    {"Workbook", ReadExcel, true},
    {"Book", ReadExcel, true},
    {"PowerPoint Document", ReadPowerPoint, true},
};

// Documents embedded in others have streams of their own, in storages below. True when one was
// read, or said why not.
bool ReadDocuments(CompoundFile& file, Context& context) {
  bool found = false;
  for (const CompoundFile::Stream& stream : file.streams()) {
    for (const Reader& reader : kReaders) {
      if (stream.storage || stream.name != reader.stream) continue;
      // A workbook for programs of both ages holds the same twice.
      if (stream.name == "Book" && file.Find("Workbook") != nullptr) continue;
      if (!context.SpendEntry("") || !context.InTime("")) return true;
      ReportFailure(context, reader.whole ? "" : "properties", reader.read(file, stream, context),
                    found);
      found |= reader.whole;
    }
  }
  return found;
}

// What is neither text nor an object: named, not read.
void NameTheRest(const CompoundFile& file, Context& context) {
  const CompoundFile::Stream* const pictures = file.Find("Pictures");
  if (pictures != nullptr && pictures->bytes > 0) {
    context.sink.Unscanned(context.PartName("pictures"), v1::UNSCANNED_REASON_UNSUPPORTED,
                           "pictures in a presentation");
  }
  if (file.Find("_VBA_PROJECT") != nullptr) {
    context.sink.Unscanned(context.PartName("macros"), v1::UNSCANNED_REASON_UNSUPPORTED,
                           "application/vnd.ms-office.vbaproject");
  }
}

bool Detect(std::string_view head, Source&) {
  return CompoundFile::LooksLikeOne(head);
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::unique_ptr<CompoundFile>> file =
      CompoundFile::Open(source, context.limits.memory_object_bytes_max);
  if (!file.ok()) {
    ReportFailure(context, "", file.status(), false);
    return;
  }
  const std::string_view type = TypeOf(**file);
  context.media_type = type;
  if (IsEncrypted(**file)) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_ENCRYPTED,
                           "encrypted Office document");
    return;
  }
  const bool read = ReadDocuments(**file, context);
  const bool opened = ReadOleObjects(**file, context);
  if (!(*file)->complete()) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_CORRUPT,
                           "damaged compound file");
  }
  if (read) return NameTheRest(**file, context);
  if (opened && type == "application/x-ole-storage" && !HasOtherStreams(**file)) return;
  context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_UNSUPPORTED, type);
}

}  // namespace

absl::StatusOr<std::string> ReadStream(CompoundFile& file, const CompoundFile::Stream& stream,
                                       Context& context) {
  const uint64_t bound = context.limits.memory_object_bytes_max;
  if (stream.bytes > bound) {
    return absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bound));
  }
  absl::StatusOr<std::string> bytes = file.Read(stream, 0, stream.bytes);
  if (!bytes.ok()) return bytes;
  if (!context.SpendBytes(bytes->size(), "")) return absl::AbortedError("expanded bytes");
  if (bytes->size() < stream.bytes) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                           "a stream is cut off");
  }
  return bytes;
}

bool ReadOleObjects(CompoundFile& file, Context& context) {
  bool found = false;
  for (const CompoundFile::Stream& stream : file.streams()) {
    if (!IsObject(stream.name)) continue;
    if (!context.SpendEntry("") || !context.InTime("")) return true;
    found = true;
    const uint64_t bound = context.limits.memory_object_bytes_max;
    if (stream.bytes > bound) {
      ReportFailure(context, "",
                    absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bound)),
                    false);
      continue;
    }
    const absl::StatusOr<std::string> bytes = file.Read(stream, 0, stream.bytes);
    ReportFailure(context, stream.name, bytes.status(), false);
    if (bytes.ok() && bytes->size() < stream.bytes) {
      context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                             "embedded object is cut off");
    }
    if (!bytes.ok() || !context.SpendBytes(bytes->size(), "")) continue;
    if (stream.name == "\x01Ole10Native") {
      ReadOlePackage(std::string_view(*bytes).substr(std::min<size_t>(4, bytes->size())), context);
    } else {
      const auto content = MakeMemorySource(*bytes);
      context.Nested(stream.name, *content);
    }
  }
  return found;
}

bool IsOleBookkeeping(std::string_view stream) {
  static constexpr std::string_view kNames[] = {"\1Ole",      "\1CompObj", "\3ObjInfo",
                                                "\3LinkInfo", "\3EPRINT",  "Root Entry"};
  return IsObject(stream) || stream.starts_with("\x02OlePres") ||
         std::find(std::begin(kNames), std::end(kNames), stream) != std::end(kNames);
}

const Format kOle2Format = {"ole2", "application/x-ole-storage", Detect, Extract};

}  // namespace shoumi::inspect
