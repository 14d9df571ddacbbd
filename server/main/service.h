#pragma once

#include <sys/file.h>

#include <memory>

#include "common/fd.h"
#include "server/main/metrics.h"
#include "server/main/options.h"
#include "server/rpc/server.h"

namespace shoumi::server {

// The running server: an ordered list of steps, torn down in the opposite order. One a process.
class ServerProcess {
 public:
  // What stands in the way, as a sentence for the administrator.
  // `refusals` outlives the process.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerOptions& options,
                                                              RefusalLog& refusals);
  ~ServerProcess();

  // Ends sessions after the batch each has in work, stores what is queued, closes the store.
  void Stop();

  [[nodiscard]] int port() const { return rpc_->port(); }
  [[nodiscard]] const CertificateAuthority& authority() const { return *authority_; }

 private:
  ServerProcess(const ServerOptions& options, RefusalLog& refusals)
      : options_(options), refusals_(refusals) {}
  absl::Status OpenState();
  absl::Status OpenIdentity();
  absl::Status OpenPolicy();
  absl::Status OpenServices();
  // Late: who can reach the server finds an administrator, and a start that fails has not left one
  // whose password nobody kept.
  absl::Status MakeFirstAdministrator();
  absl::Status Listen();
  absl::Status DeliverFirstPassword(std::string_view password);
  // `why` the start fails, with what becomes of the password.
  absl::Status WithdrawFirstPassword(const absl::Status& why);

  const ServerOptions options_;
  RefusalLog& refusals_;
  Clock& clock_ = Clock::Real();
  bool first_password_given_ = false;
  std::filesystem::path password_file_;  // where the first password went; empty: the terminal
  UniqueFd lock_;
  StoreLatency latency_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<CertificateAuthority> authority_;
  std::unique_ptr<DeviceIdentity> devices_;
  std::unique_ptr<Operators> operators_;
  std::unique_ptr<PolicyPublisher> policy_;
  std::unique_ptr<IndexShelf> indexes_;
  std::unique_ptr<Registries> registries_;
  std::unique_ptr<Collections> collections_;
  std::unique_ptr<DeltaShelf> deltas_;
  std::unique_ptr<RecordIngest> ingest_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<WorkerPool> workers_;
  RpcCounters counters_;
  std::unique_ptr<PeerLimiter> anonymous_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<RpcServer> rpc_;
  std::unique_ptr<MetricsPage> metrics_;
};

}  // namespace shoumi::server
