#include "server/indexes/registries.h"

#include <algorithm>
#include <utility>

#include "common/crypto/crypto.h"
#include "fmt/format.h"
#include "rules/registry/import/spec.h"

namespace shoumi::server {

absl::StatusOr<std::unique_ptr<Registries::Import>> Registries::Begin(ImportRequest request,
                                                                      std::string author) {
  auto turn = shelf_.TakeTurn();
  if (!turn.ok()) return turn.status();
  std::unique_ptr<Import> import(new Import(*this, *std::move(turn)));
  import->request_ = std::move(request);
  import->author_ = std::move(author);
  auto spec = registry::LoadSpec(import->request_.spec_file, import->request_.spec_yaml,
                                 import->outcome_.spec_problems);
  if (!spec) return import;
  registry::Key key;
  const auto bytes = shelf_.KeyOf(IndexKind::kRegistry, spec->name, key.bytes.size());
  if (!bytes.ok()) return bytes.status();
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  import->head_.set_name(spec->name);
  import->head_.set_key(*bytes);
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
  const auto before = shelf_.VersionBefore(IndexKind::kRegistry, import.head_.name(), index->size(),
                                           registry::kRegistriesMax);
  if (!before.ok()) return before.status();
  outcome.version = *before + 1;
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
  auto published = shelf_.Put(
      IndexKind::kRegistry,
      {head.name(), head.version(), clock_.WallNow(), import.author_, head.SerializeAsString()},
      head.sha256(), *index);
  if (!published.ok()) return published.status();
  outcome.policy_version = *published;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Registries::Listed>> Registries::List() {
  auto rows = shelf_.List(IndexKind::kRegistry);
  if (!rows.ok()) return rows.status();
  std::vector<Listed> listed;
  for (IndexRow& row : *rows) {
    Listed& one = listed.emplace_back();
    if (!one.head.ParseFromString(row.head)) return absl::DataLossError("a registry in the store");
    row.head.clear();
    one.row = std::move(row);
  }
  return listed;
}

}  // namespace shoumi::server
