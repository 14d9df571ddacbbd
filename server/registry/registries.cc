#include "server/registry/registries.h"

#include <algorithm>
#include <utility>

#include "common/crypto/crypto.h"
#include "fmt/format.h"
#include "rules/registry/import/spec.h"

namespace shoumi::server {

absl::StatusOr<Registries::Turn> Registries::TakeTurn() {
  if (taken_.exchange(true)) {
    return absl::ResourceExhaustedError("another client registry is being imported; try again");
  }
  return Turn(this, [](Registries* self) { self->taken_ = false; });
}

absl::Status Registries::CatchUp() {
  const auto current = publisher_.Current();
  if (current == nullptr) return absl::OkStatus();
  auto rows = store_.ListRegistries();
  if (!rows.ok()) return rows.status();
  const bool same =
      std::equal(rows->begin(), rows->end(), current->registries.begin(), current->registries.end(),
                 [](const RegistryRow& row, const v1::Registry& head) {
                   return row.name == head.name() && row.version == head.version();
                 });
  return same ? absl::OkStatus() : publisher_.Republish(current->author).status();
}

absl::StatusOr<std::unique_ptr<Registries::Import>> Registries::Begin(ImportRequest request,
                                                                      std::string author) {
  auto turn = TakeTurn();
  if (!turn.ok()) return turn.status();
  std::unique_ptr<Import> import(new Import(*this, *std::move(turn)));
  import->request_ = std::move(request);
  import->author_ = std::move(author);
  auto spec = registry::LoadSpec(import->request_.spec_file, import->request_.spec_yaml,
                                 import->outcome_.spec_problems);
  if (!spec) return import;
  registry::Key key;
  const std::string bytes = crypto::RandomBytes(key.bytes.size());
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  import->head_.set_name(spec->name);
  import->head_.set_key(bytes);
  import->importer_ = std::make_unique<registry::Importer>(*std::move(spec), key);
  return import;
}

absl::Status Registries::Import::Feed(std::string_view bytes) {
  table_bytes_ += bytes.size();
  if (table_bytes_ > registries_.options_.table_bytes_max) {
    return absl::ResourceExhaustedError(
        fmt::format("the table has more than {} bytes", registries_.options_.table_bytes_max));
  }
  if (importer_ == nullptr || !outcome_.table_problem.empty()) return absl::OkStatus();
  const absl::Status status = importer_->Feed(bytes);
  if (!status.ok()) outcome_.table_problem = std::string(status.message());
  return absl::OkStatus();
}

absl::StatusOr<ImportOutcome> Registries::Import::Finish() {
  if (importer_ == nullptr) return std::move(outcome_);
  if (outcome_.table_problem.empty()) {
    const absl::Status status = importer_->EndTable();
    if (!status.ok()) outcome_.table_problem = std::string(status.message());
  }
  outcome_.row_problems = importer_->problems();
  outcome_.row_problems_omitted = importer_->problems_omitted();
  outcome_.rows_bad = importer_->rows_bad();
  outcome_.counts = importer_->counts();
  const bool bad = outcome_.rows_bad > 0 && !request_.good_rows;
  if (outcome_.counts.rows == 0 && outcome_.table_problem.empty()) {
    outcome_.table_problem = "no row can be used";
  }
  outcome_.ok = !bad && outcome_.table_problem.empty();
  if (!outcome_.ok || request_.dry_run) return std::move(outcome_);
  if (auto status = registries_.Keep(*this); !status.ok()) return status;
  return std::move(outcome_);
}

absl::Status Registries::Keep(Import& import) {
  auto index = import.importer_->Index();
  if (!index.ok()) return index.status();
  ImportOutcome& outcome = import.outcome_;
  outcome.counts = import.importer_->counts();
  outcome.index_bytes = index->size();
  auto rows = store_.ListRegistries();
  if (!rows.ok()) return rows.status();
  uint64_t bytes = index->size();
  outcome.version = 1;
  for (const RegistryRow& row : *rows) {
    v1::Registry other;
    if (!other.ParseFromString(row.head)) return absl::DataLossError("a registry in the store");
    if (row.name == import.head_.name()) {
      outcome.version = row.version + 1;
    } else {
      bytes += other.size_bytes();
    }
  }
  if (bytes > options_.index_bytes_max ||
      (outcome.version == 1 && rows->size() >= registry::kRegistriesMax)) {
    return absl::ResourceExhaustedError(
        fmt::format("{} registries of {} bytes; at most {} of {} bytes together can be",
                    rows->size() + (outcome.version == 1 ? 1 : 0), bytes, registry::kRegistriesMax,
                    options_.index_bytes_max));
  }
  v1::Registry& head = import.head_;
  head.set_version(outcome.version);
  head.set_sha256(crypto::Sha256Hex(*index));
  head.set_size_bytes(index->size());
  head.set_rows(outcome.counts.rows);
  for (const registry::Column& column : import.importer_->Columns()) {
    v1::RegistryColumn* added = head.add_columns();
    added->set_name(column.name);
    added->set_type(std::string(registry::ColumnTypeName(column.type)));
  }
  for (uint64_t number = 0; number * options_.piece_bytes < index->size(); ++number) {
    const std::string_view piece =
        std::string_view(*index).substr(number * options_.piece_bytes, options_.piece_bytes);
    if (auto status = store_.AddBlobPiece(head.sha256(), number, piece); !status.ok()) {
      return status;
    }
  }
  const RegistryRow row{head.name(), head.version(), clock_.WallNow(), import.author_,
                        head.SerializeAsString()};
  if (auto status = store_.PutRegistry(row); !status.ok()) return status;
  auto published = publisher_.Republish(import.author_);
  if (!published.ok()) return published.status();
  outcome.policy_version = *published == nullptr ? 0 : (*published)->version;
  return ForgetOldBlobs();
}

// Agents may still fetch those that the bundle before the current one names.
absl::Status Registries::ForgetOldBlobs() {
  auto rows = store_.ListRegistries();
  if (!rows.ok()) return rows.status();
  std::vector<std::string> kept = publisher_.NamedBlobs();
  for (const RegistryRow& row : *rows) {
    v1::Registry head;
    if (head.ParseFromString(row.head)) kept.push_back(head.sha256());
  }
  return store_.DeleteBlobsBut(kept);
}

absl::StatusOr<std::vector<Registries::Listed>> Registries::List() {
  auto rows = store_.ListRegistries();
  if (!rows.ok()) return rows.status();
  std::vector<Listed> listed;
  for (RegistryRow& row : *rows) {
    Listed& one = listed.emplace_back();
    if (!one.head.ParseFromString(row.head)) return absl::DataLossError("a registry in the store");
    row.head.clear();
    one.row = std::move(row);
  }
  return listed;
}

absl::StatusOr<uint64_t> Registries::Remove(std::string_view name, std::string_view author) {
  const auto turn = TakeTurn();
  if (!turn.ok()) return turn.status();
  if (auto status = store_.DeleteRegistry(name); !status.ok()) return status;
  auto published = publisher_.Republish(author);
  if (!published.ok()) return published.status();
  if (auto status = ForgetOldBlobs(); !status.ok()) return status;
  return *published == nullptr ? 0 : (*published)->version;
}

absl::StatusOr<uint64_t> Registries::BlobBytes(std::string_view sha256) {
  const uint64_t bytes = publisher_.BlobBytes(sha256);
  if (bytes == 0) return absl::NotFoundError("no such blob; a newer offer is on its way");
  return bytes;
}

absl::StatusOr<std::string> Registries::ReadBlob(std::string_view sha256, uint64_t offset) {
  auto piece = store_.GetBlobPiece(sha256, offset / options_.piece_bytes);
  if (!piece.ok()) return piece.status();
  const uint64_t within = offset % options_.piece_bytes;
  if (within >= piece->size()) return absl::OutOfRangeError("beyond the blob's end");
  piece->erase(0, within);
  return piece;
}

}  // namespace shoumi::server
