#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "rules/documents/index.h"
#include "server/indexes/index_shelf.h"
#include "server/store/store.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::server {

inline constexpr size_t kTitleBytesMax = 4096;

struct CollectionOutcome {
  documents::IndexBuilder::Counts counts;
  uint64_t index_bytes = 0;
  uint64_t version = 0;         // 0: only looked at
  uint64_t policy_version = 0;  // of the bundle that carries it; 0: none yet
};

// Collections of registered documents: from fingerprints to indexes that agents fetch. What is in
// force changes only when an import is through. The server keeps what documents are called, and
// never had their text. Thread-safe.
class Collections {
 public:
  // All outlive the object.
  Collections(IndexShelf& shelf, Store& store, const Clock& clock)
      : shelf_(shelf), store_(store), clock_(clock) {}

  struct Document {
    std::string title;
    std::string sha256;  // hex
    uint64_t units = 0;
    std::vector<uint64_t> fingerprints;  // sorted, each once
  };
  // One collection on its way in. Not thread-safe.
  class Import {
   public:
    // InvalidArgument when it is not of this form, ResourceExhausted beyond the bounds.
    absl::Status Add(const Document& document);
    // Blocks while the index is made and stored. Once.
    absl::StatusOr<CollectionOutcome> Finish();

   private:
    friend class Collections;
    Import(Collections& collections, IndexShelf::Turn turn, v1::CollectionKind kind,
           const documents::Key& key)
        : collections_(collections), turn_(std::move(turn)), builder_(kind, key) {}
    Collections& collections_;
    const IndexShelf::Turn turn_;
    documents::IndexBuilder builder_;
    v1::DocumentCollection head_;
    std::string author_;
    bool dry_run_ = false;
    std::vector<DocumentRowData> documents_;
  };
  // One at a time: ResourceExhausted while another is under way.
  absl::StatusOr<std::unique_ptr<Import>> Begin(std::string name, v1::CollectionKind kind,
                                                bool dry_run, std::string author);

  struct Listed {
    IndexRow row;  // without its head
    v1::DocumentCollection head;
  };
  absl::StatusOr<std::vector<Listed>> List();
  // Of the version in force, after number `after`. NotFound when there is no such collection.
  absl::StatusOr<DocumentPage> ListDocuments(std::string_view name, uint32_t after, uint32_t limit);
  absl::StatusOr<uint64_t> Remove(std::string_view name, std::string_view author) {
    return shelf_.Remove(IndexKind::kCollection, name, author);
  }
  // Puts in what the documents of its findings are called.
  void SetTitles(v1::Incident& incident);

 private:
  absl::StatusOr<std::vector<DocumentRowData>> DocumentsInForce(std::string_view name);
  absl::Status Keep(Import& import, CollectionOutcome& outcome);

  IndexShelf& shelf_;
  Store& store_;
  const Clock& clock_;
};

}  // namespace shoumi::server
