// Client registries, as operators import, list and remove them.
#include <memory>
#include <string>
#include <utility>

#include "common/ids.h"
#include "common/log.h"
#include "server/rpc/operator_service.h"
#include "server/rpc/unary.h"
#include "server/rpc/upload_stream.h"

namespace shoumi::server {
namespace {

void SetOutcome(const ImportOutcome& outcome, const std::string& file,
                v1::ImportRegistryResponse& response) {
  response.set_ok(outcome.ok);
  for (const v1::PackProblem& problem : outcome.spec_problems) {
    v1::RegistryProblem* added = response.add_problems();
    added->set_file(problem.file());
    added->set_line(problem.line());
    added->set_message(problem.message());
  }
  if (!outcome.table_problem.empty()) {
    v1::RegistryProblem* added = response.add_problems();
    added->set_file(file);
    added->set_message(outcome.table_problem);
  }
  for (const registry::Importer::Problem& problem : outcome.row_problems) {
    v1::RegistryProblem* added = response.add_problems();
    added->set_file(file);
    added->set_line(problem.line);
    added->set_column(problem.column);
    added->set_message(problem.message);
  }
  response.set_problems_omitted(outcome.row_problems_omitted);
  response.set_rows(outcome.counts.rows);
  response.set_rows_bad(outcome.rows_bad);
  response.set_cells(outcome.counts.cells);
  response.set_cells_shared(outcome.counts.in_too_many_rows);
  response.set_cells_short(outcome.counts.short_cells);
  response.set_index_bytes(outcome.index_bytes);
  response.set_version(outcome.version);
  response.set_policy_version(outcome.policy_version);
}

class TableStream final : public UploadStream<v1::ImportRegistryRequest> {
 public:
  TableStream(const Services& services, grpc::CallbackServerContext& context,
              v1::ImportRegistryResponse& response)
      : UploadStream(services, context, "registry import"), response_(response) {}

 private:
  absl::Status Take(const v1::ImportRegistryRequest& request) override {
    if (request.has_head()) return TakeHead(request.head());
    if (import_ == nullptr) return absl::InvalidArgumentError("a table comes after its head");
    return import_->Feed(request.csv());
  }

  absl::Status TakeHead(const v1::ImportRegistryHead& head) {
    if (import_ != nullptr) return absl::InvalidArgumentError("a second head");
    file_ = head.file();
    auto import = services().registries.Begin(
        {head.file(), head.spec_file(), head.spec_yaml(), head.good_rows(), head.dry_run()},
        operator_name());
    if (!import.ok()) return import.status();
    import_ = *std::move(import);
    return absl::OkStatus();
  }

  absl::Status Conclude() override {
    if (import_ == nullptr) return absl::InvalidArgumentError("no table came");
    const auto outcome = import_->Finish();
    if (!outcome.ok()) return outcome.status();
    SetOutcome(*outcome, file_, response_);
    if (outcome->version > 0) {
      spdlog::info("operator {} imported a client registry of {} rows as version {}",
                   operator_name(), outcome->counts.rows, outcome->version);
    }
    return absl::OkStatus();
  }
  void Drop() override { import_.reset(); }

  v1::ImportRegistryResponse& response_;
  std::string file_;
  std::unique_ptr<Registries::Import> import_;
};

}  // namespace

grpc::ServerReadReactor<v1::ImportRegistryRequest>* OperatorServiceHandlers::ImportRegistry(
    Context* context, v1::ImportRegistryResponse* response) {
  auto* const stream = new TableStream(services_, *context, *response);
  stream->Start();
  return stream;
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListRegistries(
    Context* context, const v1::ListRegistriesRequest*, v1::ListRegistriesResponse* response) {
  return Run(context, [this, response](const OperatorIdentity&) -> absl::Status {
    const auto listed = services_.registries.List();
    if (!listed.ok()) return listed.status();
    for (const Registries::Listed& one : *listed) {
      v1::RegistryRow* row = response->add_registries();
      row->set_name(one.row.name);
      row->set_version(one.row.version);
      *row->mutable_imported() = ToProtoTime(one.row.imported);
      row->set_author(one.row.author);
      row->set_rows(one.head.rows());
      row->set_index_bytes(one.head.size_bytes());
      *row->mutable_columns() = one.head.columns();
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::RemoveRegistry(
    Context* context, const v1::RemoveRegistryRequest* request,
    v1::RemoveRegistryResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity& identity) -> absl::Status {
    const auto version = services_.registries.Remove(request->name(), identity.name);
    if (!version.ok()) return version.status();
    spdlog::info("operator {} removed client registry {}", identity.name, request->name());
    response->set_policy_version(*version);
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
