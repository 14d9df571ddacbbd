#include "server/rpc/agent_service.h"

#include <utility>

#include "common/log.h"
#include "server/rpc/blob_stream.h"
#include "server/rpc/session.h"
#include "server/rpc/unary.h"

namespace shoumi::server {

grpc::ServerUnaryReactor* AgentServiceHandlers::Enrol(grpc::CallbackServerContext* context,
                                                      const v1::EnrolRequest* request,
                                                      v1::EnrolResponse* response) {
  return RunUnary(
      services_, context, "enrolment", [this, context, request, response]() -> absl::Status {
        const std::string peer = PeerAddress(*context);
        if (auto status = services_.anonymous.Admit(NetworkOf(peer)); !status.ok()) return status;
        auto enrolled =
            services_.devices.Enrol({request->token(), request->csr_pem(), request->hostname(),
                                     request->machine_id(), request->agent_version()});
        if (!enrolled.ok()) return enrolled.status();
        spdlog::info("device {} ({}) enrolled from {}", enrolled->device_id, request->hostname(),
                     peer);
        response->set_device_id(enrolled->device_id);
        response->set_certificate_pem(enrolled->certificate_pem);
        response->set_ca_pem(services_.authority.ca_pem());
        response->set_policy_public_key(services_.policy.public_key());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AgentServiceHandlers::RenewCertificate(
    grpc::CallbackServerContext* context, const v1::RenewCertificateRequest* request,
    v1::RenewCertificateResponse* response) {
  return RunUnary(services_, context, "certificate renewal",
                  [this, context, request, response]() -> absl::Status {
                    const auto device = services_.devices.Authenticate(PeerCertificate(*context));
                    if (!device.ok()) return device.status();
                    auto certificate =
                        services_.devices.Renew(device->row.device_id, request->csr_pem());
                    if (!certificate.ok()) return certificate.status();
                    spdlog::info("device {}: certificate renewed", device->row.device_id);
                    response->set_certificate_pem(std::move(*certificate));
                    return absl::OkStatus();
                  });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AgentServiceHandlers::Session(
    grpc::CallbackServerContext* context) {
  return Session::Start(*context, services_);
}

grpc::ServerWriteReactor<v1::BlobChunk>* AgentServiceHandlers::FetchBlob(
    grpc::CallbackServerContext* context, const v1::FetchBlobRequest* request) {
  return BlobStream::Start(*context, services_, *request);
}

}  // namespace shoumi::server
