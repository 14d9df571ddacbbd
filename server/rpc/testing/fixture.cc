#include "server/rpc/testing/fixture.h"

#include <stdlib.h>

#include <thread>
#include <utility>

#include "common/fd.h"
#include "rules/apps/catalogue.h"
#include "rules/engine/database.h"
#include "server/policy/compile.h"

namespace shoumi::server {

void RpcTest::SetUp() {
  std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_rpc_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  folder = pattern;
  starter = ReadFile(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml", 1 << 20).value();
  operator_options.password_cost = {64, 1, 1};  // cheap; what is shipped has a test of its own
  StartServer();
}

void RpcTest::TearDown() {
  StopServer();
  std::filesystem::remove_all(folder);
}

void RpcTest::StartServer() {
  store = OpenSqliteStore((folder / "store.db").string()).value();
  AuthorityOptions authority_options;
  authority_options.folder = folder;
  authority = std::make_unique<CertificateAuthority>(
      CertificateAuthority::Open(authority_options, clock).value());
  devices = std::make_unique<DeviceIdentity>(*authority, *store, clock);
  operators = Operators::Create(operator_options, *store, clock).value();
  ASSERT_TRUE(operators
                  ->CreateFirstAdministrator([this](std::string_view password) {
                    one_time = password;
                    return absl::OkStatus();
                  })
                  .ok());
  PublisherOptions publisher;
  publisher.key_file = folder / "policy.key";
  publisher.shipped_packs = rules::ReadPacks(SHOUMI_SOURCE_DIR "/rules/packs").value();
  publisher.shipped_apps = rules::LoadCatalogueFolder(SHOUMI_SOURCE_DIR "/rules/apps").value();
  policy = PolicyPublisher::Create(publisher, CompilePolicy, *store, clock).value();
  indexes = std::make_unique<IndexShelf>(ShelfOptions{}, *store, *policy);
  registries = std::make_unique<Registries>(RegistryOptions{}, *indexes, clock);
  collections = std::make_unique<Collections>(*indexes, *store, clock);
  deltas = std::make_unique<DeltaShelf>(delta_options, *indexes, clock);
  ingest = std::make_unique<RecordIngest>(*store, IngestOptions{});
  fleet = std::make_unique<Fleet>(FleetOptions{}, *store, clock);
  workers = std::make_unique<WorkerPool>(2, 1000);
  counters = std::make_unique<RpcCounters>();
  anonymous = std::make_unique<PeerLimiter>(peer_limits, clock);
  services = std::make_unique<Services>(Services{
      *authority, *devices, *operators, *policy, *indexes, *registries, *collections, *deltas,
      *ingest, *fleet, *store, clock, *workers, *counters, *anonymous, refusals, bounds});
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tick = std::chrono::milliseconds(20);
  server = RpcServer::Start(options, *services).value();
}

void RpcTest::StopServer(std::chrono::milliseconds deadline) {
  if (server) server->Stop(deadline);
  if (ingest) ingest->Stop();
  if (workers) workers->Stop();
  server.reset();
  services.reset();
  fleet.reset();
  ingest.reset();
  deltas.reset();
  collections.reset();
  registries.reset();
  indexes.reset();
  policy.reset();
  store.reset();
}

std::string RpcTest::Address() const {
  return "127.0.0.1:" + std::to_string(server->port());
}

std::shared_ptr<grpc::Channel> RpcTest::Connect(const Certificate& certificate) const {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = authority->ca_pem();
  tls.pem_cert_chain = certificate.certificate_pem;
  tls.pem_private_key = certificate.key_pem;
  grpc::ChannelArguments arguments;
  // Each caller has a connection of its own, and a refused one is not tried again.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(Address(), grpc::SslCredentials(tls), arguments);
}

Certificate RpcTest::Issue(std::string_view common_name) const {
  Certificate result;
  result.key_pem = crypto::NewEcKeyPem();
  const auto csr = crypto::CreateCsr(result.key_pem, "any").value();
  result.certificate_pem = authority->IssueDevice(csr, common_name, clock.WallNow()).value();
  return result;
}

void RpcTest::SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

void RpcTest::SetToken(grpc::ClientContext& context, std::string_view token) {
  context.AddMetadata("authorization", "Bearer " + std::string(token));
}

std::string RpcTest::EnrolmentToken(std::chrono::seconds valid) {
  return devices->CreateToken(valid, "test", "admin").value().token;
}

absl::Status RpcTest::Enrol(const v1::EnrolRequest& request, v1::EnrolResponse* response) {
  const auto stub = v1::AgentService::NewStub(Connect());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::EnrolResponse unused;
  return FromGrpc(stub->Enrol(&context, request, response == nullptr ? &unused : response));
}

v1::EnrolRequest RpcTest::EnrolmentRequest(std::string_view token, std::string_view csr_pem) {
  v1::EnrolRequest request;
  request.set_token(std::string(token));
  request.set_csr_pem(std::string(csr_pem));
  request.set_hostname("pc-1");
  request.set_machine_id(std::string(64, 'a'));
  request.set_agent_version("1.0");
  return request;
}

TestDevice RpcTest::EnrolDevice(std::string_view hostname) {
  TestDevice device;
  device.certificate.key_pem = crypto::NewEcKeyPem();
  auto request = EnrolmentRequest(EnrolmentToken(),
                                  crypto::CreateCsr(device.certificate.key_pem, "any").value());
  request.set_hostname(std::string(hostname));
  v1::EnrolResponse response;
  const auto status = Enrol(request, &response);
  EXPECT_TRUE(status.ok()) << status;
  device.device_id = response.device_id();
  device.certificate.certificate_pem = response.certificate_pem();
  return device;
}

absl::StatusOr<v1::LoginResponse> RpcTest::Login(std::string_view user, std::string_view password) {
  v1::LoginRequest request;
  request.set_user(std::string(user));
  request.set_password(std::string(password));
  return Operate(&v1::OperatorService::Stub::Login, request, "");
}

std::string RpcTest::AdminToken() {
  if (!one_time.empty()) {
    v1::ChangePasswordRequest request;
    request.set_old_password(std::exchange(one_time, ""));
    request.set_new_password(std::string(kPassword));
    auto token = Login("admin", request.old_password()).value().token();
    const auto changed = Operate(&v1::OperatorService::Stub::ChangePassword, request, token);
    EXPECT_TRUE(changed.ok()) << changed.status();
    return token;
  }
  return Login("admin", kPassword).value().token();
}

absl::StatusOr<v1::ApplyPolicyResponse> RpcTest::ApplyPolicy(std::string_view yaml,
                                                             std::string_view token) {
  v1::ApplyPolicyRequest request;
  request.mutable_source()->set_policy_file("policy.yaml");
  request.mutable_source()->set_policy_yaml(std::string(yaml));
  return Operate(&v1::OperatorService::Stub::ApplyPolicy, request, token);
}

v1::DeviceRow RpcTest::Device(std::string_view device_id, std::string_view token) {
  v1::ListDevicesRequest request;
  const auto list = Operate(&v1::OperatorService::Stub::ListDevices, request, token);
  if (list.ok()) {
    for (const v1::DeviceRow& row : list->devices()) {
      if (row.device_id() == device_id) return row;
    }
  }
  ADD_FAILURE() << "no device " << device_id << ": " << list.status();
  return {};
}

absl::Status RpcTest::FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

bool RpcTest::WaitFor(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace shoumi::server
