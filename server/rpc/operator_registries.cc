// Client registries, as operators import, list and remove them.
#include <grpcpp/alarm.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/ids.h"
#include "common/log.h"
#include "server/rpc/operator_service.h"
#include "server/rpc/unary.h"

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

// Ends a call whose other side has gone quiet.
class IdleWatch {
 public:
  explicit IdleWatch(grpc::CallbackServerContext& context) : shared_(std::make_shared<Shared>()) {
    shared_->context = &context;
  }
  ~IdleWatch() { Forget(); }
  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;

  void Start(std::chrono::milliseconds idle_max) {
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + idle_max, [shared = shared_](bool over) {
      const std::lock_guard lock(shared->mutex);
      if (over && shared->context != nullptr) shared->context->TryCancel();
    });
  }
  void Stop() { alarm_.reset(); }

 private:
  struct Shared {
    std::mutex mutex;
    grpc::CallbackServerContext* context = nullptr;
  };
  void Forget() {
    const std::lock_guard lock(shared_->mutex);
    shared_->context = nullptr;
  }

  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

// Takes a table in. Deletes itself. One job at a time: the next message is read when the one before
// has been worked on.
class ImportStream final : public grpc::ServerReadReactor<v1::ImportRegistryRequest> {
 public:
  ImportStream(const Services& services, grpc::CallbackServerContext& context,
               v1::ImportRegistryResponse& response)
      : services_(services), context_(context), response_(response) {
    Work([this] { Begin(); });
  }

  void OnReadDone(bool ok) override {
    idle_.Stop();
    if (ok) {
      Work([this] { Take(); });
    } else if (context_.IsCancelled()) {
      FinishWith(absl::CancelledError("the operator went away"));
    } else {
      Work([this] { Conclude(); });
    }
  }
  void OnDone() override { delete this; }

 private:
  void Work(std::function<void()> job) {
    if (!services_.workers.Submit(std::move(job))) {
      FinishWith(absl::ResourceExhaustedError("the server is busy; try again"));
    }
  }

  void Begin() {
    auto identity = services_.operators.Authenticate(BearerToken(context_));
    if (!identity.ok()) return FinishWith(identity.status());
    if (identity->must_change_password) {
      return FinishWith(absl::FailedPreconditionError(
          "the one-time password must be changed first: shoumictl passwd"));
    }
    operator_ = identity->name;
    Read();
  }

  void Take() {
    absl::Status status;
    if (request_.has_head()) {
      status = TakeHead(request_.head());
    } else if (import_ == nullptr) {
      status = absl::InvalidArgumentError("a table comes after its head");
    } else {
      status = import_->Feed(request_.csv());
    }
    if (!status.ok()) return FinishWith(status);
    Read();
  }

  void Read() {
    idle_.Start(std::chrono::milliseconds(services_.bounds.import_idle_ms_max));
    StartRead(&request_);
  }

  absl::Status TakeHead(const v1::ImportRegistryHead& head) {
    if (import_ != nullptr) return absl::InvalidArgumentError("a second head");
    file_ = head.file();
    auto import = services_.registries.Begin(
        {head.file(), head.spec_file(), head.spec_yaml(), head.good_rows(), head.dry_run()},
        operator_);
    if (!import.ok()) return import.status();
    import_ = *std::move(import);
    return absl::OkStatus();
  }

  void Conclude() {
    if (import_ == nullptr) return FinishWith(absl::InvalidArgumentError("no table came"));
    const auto outcome = import_->Finish();
    if (!outcome.ok()) return FinishWith(outcome.status());
    SetOutcome(*outcome, file_, response_);
    if (outcome->version > 0) {
      spdlog::info("operator {} imported a client registry of {} rows as version {}", operator_,
                   outcome->counts.rows, outcome->version);
    }
    FinishWith(absl::OkStatus());
  }

  void FinishWith(const absl::Status& status) {
    import_.reset();
    services_.refusals.Call("registry import", PeerAddress(context_), status);
    services_.counters.Count(status);
    Finish(ToGrpc(status));
  }

  const Services& services_;
  grpc::CallbackServerContext& context_;
  v1::ImportRegistryResponse& response_;
  v1::ImportRegistryRequest request_;
  std::string operator_;
  std::string file_;
  std::unique_ptr<Registries::Import> import_;
  IdleWatch idle_{context_};
};

}  // namespace

grpc::ServerReadReactor<v1::ImportRegistryRequest>* OperatorServiceHandlers::ImportRegistry(
    Context* context, v1::ImportRegistryResponse* response) {
  return new ImportStream(services_, *context, *response);
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
