#include "agent/cli/document_text.h"

#include <algorithm>
#include <memory>

#include "agent/cli/result.h"
#include "agent/cli/sealed_file.h"
#include "agent/cli/text_reader.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "rules/documents/collection.h"
#include "rules/documents/fingerprinter.h"
#include "rules/documents/index.h"

namespace shoumi::cli {

absl::StatusOr<DocumentPrint> PrintOf(inspect::InspectorPool& pool, const ListedFile& file,
                                      v1::CollectionKind kind, uint32_t seconds_max) {
  documents::Fingerprinter fingerprinter(kind);
  bool in_part = false;
  absl::Status status;
  const auto end_part = [&] {
    if (in_part && status.ok()) status = fingerprinter.EndPart();
  };
  auto report = ReadText(pool, file, seconds_max, [&](const v1::ExtractedPiece& piece) {
    if (piece.has_part()) {
      end_part();
      in_part = true;
      fingerprinter.BeginPart(piece.part().kind());
    } else if (in_part && status.ok()) {
      status = fingerprinter.Text(piece.text());
    }
  });
  if (!report.ok()) return report.status();
  end_part();
  if (!status.ok()) return status;
  DocumentPrint print;
  print.units = fingerprinter.units();
  print.fingerprints = fingerprinter.Finish();
  print.report = *std::move(report);
  return print;
}

absl::StatusOr<inspect::CollectionFile> IndexDocuments(
    inspect::InspectorPool& pool, const LocalCollection& collection, uint32_t seconds_max,
    const std::function<void(const std::string&)>& complain) {
  if (!documents::IsCollectionName(collection.name)) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not the name of a collection: write letters a-z, digits and '-'",
                    Printable(collection.name)));
  }
  inspect::CollectionFile file;
  documents::Key key;
  file.head.set_name(collection.name);
  file.head.set_kind(collection.kind);
  file.head.set_version(1);
  file.head.set_key(crypto::RandomBytes(key.bytes.size()));
  std::copy(file.head.key().begin(), file.head.key().end(), key.bytes.begin());
  documents::IndexBuilder builder(collection.kind, key);
  const FileList list = ListFiles({collection.path});
  if (!list.errors.empty()) return absl::NotFoundError(list.errors.front());
  for (const ListedFile& document : list.files) {
    auto print = PrintOf(pool, document, collection.kind, seconds_max);
    if (!print.ok()) return print.status();
    if (const std::string reason = ReasonOf(print->report); !reason.empty()) {
      complain(fmt::format("{}: {}", Printable(document.path), reason));
    }
    if (auto status = builder.Add(print->units, print->fingerprints); !status.ok()) return status;
  }
  auto fd = SealedFile("documents", builder.Finish());
  if (!fd.ok()) return fd.status();
  file.index = std::make_shared<const UniqueFd>(*std::move(fd));
  return file;
}

}  // namespace shoumi::cli
