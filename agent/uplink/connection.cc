#include "agent/uplink/connection.h"

#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr int kMessageBytesMax = 4 << 20;
// Below five minutes a server that does not expect pings would end the connection.
constexpr int kKeepaliveMs = 330'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const Enrolment& enrolment) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = enrolment.ca_pem;
  if (!enrolment.certificate_pem.empty()) {
    tls.pem_cert_chain = enrolment.certificate_pem;
    tls.pem_private_key = enrolment.key_pem;
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // Back-off is the uplink's; a channel lives for one attempt.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(enrolment.server, grpc::SslCredentials(tls), arguments);
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace shoumi::agent
