#include "server/main/service.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/installation.h"
#include "common/log.h"
#include "fmt/format.h"
#include "rules/apps/catalogue.h"
#include "rules/engine/database.h"
#include "server/identity/key_file.h"
#include "server/policy/compile.h"

namespace shoumi::server {
namespace {

constexpr size_t kWorkers = 4;
constexpr size_t kJobsMax = 20'000;

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const ServerOptions& options,
                                                                    RefusalLog& refusals) {
  std::unique_ptr<ServerProcess> server(new ServerProcess(options, refusals));
  for (const auto step : {&ServerProcess::OpenState, &ServerProcess::OpenIdentity,
                          &ServerProcess::OpenPolicy, &ServerProcess::OpenServices,
                          &ServerProcess::MakeFirstAdministrator, &ServerProcess::Listen}) {
    auto status = (server.get()->*step)();
    if (status.ok()) continue;
    return server->first_password_given_ ? server->WithdrawFirstPassword(status) : status;
  }
  return server;
}

absl::Status ServerProcess::OpenState() {
  // Others may pass through to ca.pem; everything else in there has mode 0600.
  if (auto status = MakeFolders(options_.state, 0711); !status.ok()) return status;
  struct stat folder {};
  if (stat(options_.state.c_str(), &folder) != 0) {
    return ErrnoStatus(errno, options_.state.string());
  }
  if ((folder.st_mode & 022) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} can be changed by others (mode {:04o}); run: chmod go-w {}",
                    options_.state.string(), folder.st_mode & 07777, options_.state.string()));
  }
  const std::string lock = (options_.state / "lock").string();
  lock_.Reset(open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) return ErrnoStatus(errno, lock);
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("another shoumi-server runs on {}", options_.state.string()));
  }
  const std::string file = (options_.state / "store.db").string();
  if (auto status = CheckPrivateFile(file); !status.ok() && !absl::IsNotFound(status)) {
    return status;
  }
  auto store =
      OpenSqliteStore(file, [this](std::chrono::nanoseconds took) { latency_.Observe(took); });
  if (absl::IsDataLoss(store.status())) {
    return absl::DataLossError(fmt::format("{} is damaged ({}); restore it from the backup", file,
                                           std::string(store.status().message())));
  }
  if (!store.ok()) {
    return absl::Status(store.status().code(),
                        fmt::format("{}: {}", file, std::string(store.status().message())));
  }
  store_ = std::move(*store);
  return absl::OkStatus();
}

absl::Status ServerProcess::DeliverFirstPassword(std::string_view password) {
  if (options_.admin_password_file.empty() && isatty(STDOUT_FILENO) == 1) {
    fmt::print("First administrator: admin\nOne-time password:   {}\n", password);
    return std::fflush(stdout) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "standard output");
  }
  password_file_ = options_.admin_password_file.empty() ? options_.state / "admin-password"
                                                        : options_.admin_password_file;
  auto status = WriteKeyFile(password_file_, fmt::format("{}\n", password));
  if (!status.ok()) return status;
  spdlog::info("the one-time password of the first administrator \"admin\" is in {}",
               password_file_.string());
  return absl::OkStatus();
}

absl::Status ServerProcess::OpenIdentity() {
  AuthorityOptions authority;
  authority.folder = options_.state;
  authority.names = options_.names;
  auto opened = CertificateAuthority::Open(authority, clock_);
  if (!opened.ok()) return opened.status();
  authority_ = std::make_unique<CertificateAuthority>(std::move(*opened));
  devices_ = std::make_unique<DeviceIdentity>(*authority_, *store_, clock_);
  auto operators = Operators::Create({}, *store_, clock_);
  if (!operators.ok()) return operators.status();
  operators_ = std::move(*operators);
  return absl::OkStatus();
}

absl::Status ServerProcess::MakeFirstAdministrator() {
  const auto made = operators_->CreateFirstAdministrator([&](std::string_view password) {
    auto status = DeliverFirstPassword(password);
    first_password_given_ = status.ok();
    return status;
  });
  return made.status();
}

absl::Status ServerProcess::WithdrawFirstPassword(const absl::Status& why) {
  const absl::Status withdrawn = operators_->WithdrawFirstAdministrator();
  if (!withdrawn.ok()) spdlog::error("{}", std::string(withdrawn.message()));
  std::error_code ignored;  // a void password does no harm
  if (!password_file_.empty()) std::filesystem::remove(password_file_, ignored);
  return absl::Status(why.code(),
                      fmt::format("{}; the one-time password that was given out is void, the next "
                                  "start gives out another",
                                  std::string(why.message())));
}

absl::Status ServerProcess::OpenPolicy() {
  PublisherOptions options;
  options.key_file = options_.state / "policy.key";
  if (!options_.packs.empty()) {
    auto packs = rules::ReadPacks(options_.packs.string());
    if (!packs.ok()) return packs.status();
    options.shipped_packs = std::move(*packs);
  }
  const std::string apps = options_.apps.empty() ? ShippedApps() : options_.apps.string();
  if (!apps.empty()) {
    auto loaded = rules::LoadCatalogueFolder(apps);
    if (!loaded.ok()) return loaded.status();
    options.shipped_apps = *std::move(loaded);
  }
  auto policy = PolicyPublisher::Create(options, CompilePolicy, *store_, clock_);
  if (!policy.ok()) return policy.status();
  policy_ = std::move(*policy);
  indexes_ = std::make_unique<IndexShelf>(ShelfOptions{}, *store_, *policy_);
  registries_ = std::make_unique<Registries>(RegistryOptions{}, *indexes_, clock_);
  collections_ = std::make_unique<Collections>(*indexes_, *store_, clock_);
  deltas_ = std::make_unique<DeltaShelf>(DeltaOptions{}, *indexes_, clock_);
  return indexes_->CatchUp();
}

absl::Status ServerProcess::OpenServices() {
  ingest_ = std::make_unique<RecordIngest>(*store_, IngestOptions{});
  fleet_ = std::make_unique<Fleet>(FleetOptions{}, *store_, clock_);
  workers_ = std::make_unique<WorkerPool>(kWorkers, kJobsMax);
  anonymous_ = std::make_unique<PeerLimiter>(PeerLimits{}, clock_);
  services_ = std::make_unique<Services>(Services{*authority_, *devices_, *operators_, *policy_,
                                                  *indexes_, *registries_, *collections_, *deltas_,
                                                  *ingest_, *fleet_, *store_, clock_, *workers_,
                                                  counters_, *anonymous_, refusals_, RpcBounds{}});
  if (!options_.metrics_listen.empty()) {
    auto page = MetricsPage::Start(options_.metrics_listen,
                                   {*fleet_, *ingest_, *devices_, *operators_, *policy_,
                                    deltas_->counters(), counters_, refusals_, latency_});
    if (!page.ok()) return page.status();
    metrics_ = std::move(*page);
  }
  return absl::OkStatus();
}

absl::Status ServerProcess::Listen() {
  RpcServerOptions rpc;
  rpc.listen = options_.listen;
  auto started = RpcServer::Start(rpc, *services_);
  if (!started.ok()) return started.status();
  rpc_ = std::move(*started);
  return absl::OkStatus();
}

void ServerProcess::Stop() {
  if (rpc_) rpc_->Stop(options_.stop_max);
  if (ingest_) ingest_->Stop();
  if (workers_) workers_->Stop();
  metrics_.reset();
  rpc_.reset();
}

ServerProcess::~ServerProcess() {
  Stop();
}

}  // namespace shoumi::server
