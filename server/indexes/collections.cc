#include "server/indexes/collections.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/crypto/crypto.h"
#include "fmt/format.h"
#include "rules/documents/collection.h"
#include "rules/documents/fingerprinter.h"
#include "server/indexes/document_numbers.h"

namespace shoumi::server {
namespace {

bool IsSha256Hex(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::Status Check(const Collections::Document& document) {
  if (document.title.empty() || document.title.size() > kTitleBytesMax) {
    return absl::InvalidArgumentError(fmt::format("a title has 1 to {} bytes", kTitleBytesMax));
  }
  if (!IsSha256Hex(document.sha256)) {
    return absl::InvalidArgumentError("a document's SHA-256 is 64 digits, 0-9 and a-f");
  }
  if (document.fingerprints.size() > documents::kFingerprintsPerDocumentMax) {
    return absl::ResourceExhaustedError(
        fmt::format("a document has more than {} fingerprints; register it in parts",
                    documents::kFingerprintsPerDocumentMax));
  }
  const bool ascending =
      std::adjacent_find(document.fingerprints.begin(), document.fingerprints.end(),
                         [](uint64_t a, uint64_t b) { return a >= b; }) ==
      document.fingerprints.end();
  return ascending ? absl::OkStatus()
                   : absl::InvalidArgumentError("fingerprints are sorted, each once");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Collections::Import>> Collections::Begin(std::string name,
                                                                        v1::CollectionKind kind,
                                                                        bool dry_run,
                                                                        std::string author) {
  if (!documents::IsCollectionName(name)) {
    return absl::InvalidArgumentError(
        fmt::format("the name of a collection has 1 to {} letters a-z, digits and '-'",
                    documents::kCollectionNameBytesMax));
  }
  if (kind != v1::COLLECTION_KIND_PROTECTED && kind != v1::COLLECTION_KIND_EXCLUDED) {
    return absl::InvalidArgumentError("a collection is of protected or of excluded documents");
  }
  auto turn = shelf_.TakeTurn();
  if (!turn.ok()) return turn.status();
  documents::Key key;
  const auto bytes = shelf_.KeyOf(IndexKind::kCollection, name, key.bytes.size());
  if (!bytes.ok()) return bytes.status();
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  std::unique_ptr<Import> import(new Import(*this, *std::move(turn), kind, key));
  import->head_.set_name(std::move(name));
  import->head_.set_key(*bytes);
  import->head_.set_kind(kind);
  import->author_ = std::move(author);
  import->dry_run_ = dry_run;
  return import;
}

absl::Status Collections::Import::Add(const Document& document) {
  if (auto status = Check(document); !status.ok()) return status;
  if (auto status = builder_.Add(document.units, document.fingerprints); !status.ok()) {
    return status;
  }
  documents_.push_back({0, document.title, document.sha256, document.units});
  return absl::OkStatus();
}

absl::StatusOr<CollectionOutcome> Collections::Import::Finish() {
  if (documents_.empty()) return absl::InvalidArgumentError("no document came");
  CollectionOutcome outcome;
  if (auto status = collections_.Keep(*this, outcome); !status.ok()) return status;
  return outcome;
}

// Of the version in force, if there is one.
absl::StatusOr<std::vector<DocumentRowData>> Collections::DocumentsInForce(std::string_view name) {
  constexpr uint32_t kPageDocuments = 10'000;
  const auto rows = shelf_.List(IndexKind::kCollection);
  if (!rows.ok()) return rows.status();
  std::vector<DocumentRowData> documents;
  for (const IndexRow& row : *rows) {
    while (row.name == name) {
      auto page = store_.ListDocuments(
          name, row.version, documents.empty() ? 0 : documents.back().number, kPageDocuments);
      if (!page.ok()) return page.status();
      if (page->rows.empty()) break;
      std::move(page->rows.begin(), page->rows.end(), std::back_inserter(documents));
    }
  }
  return documents;
}

absl::Status Collections::Keep(Import& import, CollectionOutcome& outcome) {
  const auto documents_before = DocumentsInForce(import.head_.name());
  if (!documents_before.ok()) return documents_before.status();
  NumberDocuments(*documents_before, import.documents_);
  std::vector<uint32_t> numbers;
  for (const DocumentRowData& row : import.documents_) numbers.push_back(row.number - 1);
  const std::string index = import.builder_.Finish(numbers);
  outcome.counts = import.builder_.counts();
  outcome.index_bytes = index.size();
  v1::DocumentCollection& head = import.head_;
  const auto before = shelf_.VersionBefore(IndexKind::kCollection, head.name(), index.size(),
                                           documents::kCollectionsMax);
  if (!before.ok()) return before.status();
  // A name that comes back goes on counting: incidents name what its versions held.
  const auto ever = store_.LastDocumentsVersion(head.name());
  if (!ever.ok()) return ever.status();
  if (import.dry_run_) return absl::OkStatus();
  outcome.version = std::max(*before, *ever) + 1;
  head.set_version(outcome.version);
  head.set_sha256(crypto::Sha256Hex(index));
  head.set_size_bytes(index.size());
  head.set_documents(import.documents_.size());
  if (auto status = store_.PutDocuments(head.name(), outcome.version, import.documents_);
      !status.ok()) {
    return status;
  }
  auto published = shelf_.Put(
      IndexKind::kCollection,
      {head.name(), head.version(), clock_.WallNow(), import.author_, head.SerializeAsString()},
      head.sha256(), index);
  if (!published.ok()) return published.status();
  outcome.policy_version = *published;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Collections::Listed>> Collections::List() {
  auto rows = shelf_.List(IndexKind::kCollection);
  if (!rows.ok()) return rows.status();
  std::vector<Listed> listed;
  for (IndexRow& row : *rows) {
    Listed& one = listed.emplace_back();
    if (!one.head.ParseFromString(row.head))
      return absl::DataLossError("a collection in the store");
    row.head.clear();
    one.row = std::move(row);
  }
  return listed;
}

absl::StatusOr<DocumentPage> Collections::ListDocuments(std::string_view name, uint32_t after,
                                                        uint32_t limit) {
  const auto rows = shelf_.List(IndexKind::kCollection);
  if (!rows.ok()) return rows.status();
  for (const IndexRow& row : *rows) {
    if (row.name == name) return store_.ListDocuments(name, row.version, after, limit);
  }
  return absl::NotFoundError("no such collection of documents");
}

void Collections::SetTitles(v1::Incident& incident) {
  for (v1::Finding& finding : *incident.mutable_findings()) {
    for (v1::RegisteredDocument& document : *finding.mutable_documents()) {
      const auto row =
          store_.GetDocument(document.collection(), document.version(), document.number());
      document.set_title(row.ok() ? row->title : "");
    }
  }
}

}  // namespace shoumi::server
