#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "agent/uplink/connection.h"
#include "agent/uplink/enrolment.h"
#include "common/crypto/crypto.h"
#include "common/crypto/x509.h"
#include "common/fd.h"
#include "common/terminal/language.h"
#include "common/terminal/server_reach.h"
#include "fmt/format.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::agent {
namespace {

constexpr std::chrono::seconds kCallDeadline{30};

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  auto token = ReadFile(path, 4096);
  if (!token.ok()) return token.status();
  while (!token->empty() && (token->back() == '\n' || token->back() == ' ')) token->pop_back();
  if (token->empty()) return absl::InvalidArgumentError(path + ": empty token");
  return token;
}

std::string MachineId() {
  const auto id = ReadFile("/etc/machine-id", 4096);
  return id.ok() ? crypto::Sha256Hex(*id) : "";
}

// One sentence with what to do.
absl::Status Explain(const std::string& server, const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::UnavailableError(WhyUnreachable(server, status.error_message()));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError(
          fmt::format(fmt::runtime(Say("{} did not answer within {} s; try again",
                                       "{} 在 {} 秒内没有应答；请重试")),
                      server, kCallDeadline.count()));
    case grpc::StatusCode::PERMISSION_DENIED:
      return absl::PermissionDeniedError(
          fmt::format(fmt::runtime(Say("{} refuses the token: it is unknown there, used or over; "
                                       "take a new one (shoumictl enrol-token create)",
                                       "{} 拒绝该令牌：令牌未知、已使用或已过期；请获取新令牌"
                                       "（shoumictl enrol-token create）")),
                      server));
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(
          fmt::format(fmt::runtime(Say("{} is no shoumi-server of this version",
                                       "{} 不是同一版本的 shoumi-server")),
                      server));
    default:
      return FromGrpc(status);
  }
}

absl::Status CheckAnswer(const v1::EnrolResponse& response, const Enrolment& enrolment) {
  if (response.device_id().empty() || response.policy_public_key().size() != 32) {
    return absl::DataLossError("the server's answer is incomplete");
  }
  const auto matches = crypto::KeyMatches(response.certificate_pem(), enrolment.key_pem);
  if (!matches.ok()) return matches.status();
  if (!*matches) return absl::DataLossError("the server's certificate is for another key");
  return absl::OkStatus();
}

}  // namespace

std::string Hostname() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  name.resize(name.find('\0'));
  return name;
}

absl::StatusOr<Enrolment> Enrol(const EnrolOptions& options) {
  const auto existing = LoadEnrolment(options.state_dir);
  if (existing.ok() && !options.force) {
    return absl::AlreadyExistsError(
        fmt::format(fmt::runtime(Say("already enrolled at {} as {}", "已在 {} 注册为 {}")),
                    existing->server, existing->device_id));
  }
  auto token = ReadToken(options.token_file);
  if (!token.ok()) return token.status();
  auto ca = ReadFile(options.ca_file, crypto::kPemBytesMax);
  if (!ca.ok()) return ca.status();
  if (const std::string problem = CaProblem(options.ca_file, *ca); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  Enrolment enrolment;
  enrolment.server = options.server;
  enrolment.ca_pem = *std::move(ca);
  enrolment.key_pem = crypto::NewEcKeyPem();
  const auto csr = crypto::CreateCsr(enrolment.key_pem, Hostname());
  if (!csr.ok()) return csr.status();

  v1::EnrolRequest request;
  request.set_token(*token);
  request.set_csr_pem(*csr);
  request.set_hostname(Hostname());
  request.set_machine_id(MachineId());
  request.set_agent_version(options.agent_version);
  crypto::Wipe(*token);
  const auto stub = v1::AgentService::NewStub(Connect(enrolment));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  v1::EnrolResponse response;
  const grpc::Status called = stub->Enrol(&context, request, &response);
  crypto::Wipe(*request.mutable_token());
  if (!called.ok()) return Explain(options.server, called);
  if (auto status = CheckAnswer(response, enrolment); !status.ok()) return status;

  enrolment.device_id = response.device_id();
  enrolment.certificate_pem = response.certificate_pem();
  enrolment.policy_public_key = response.policy_public_key();
  if (auto status = SaveEnrolment(options.state_dir, enrolment); !status.ok()) return status;
  return enrolment;
}

}  // namespace shoumi::agent
