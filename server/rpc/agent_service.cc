#include "server/rpc/agent_service.h"

#include <memory>
#include <mutex>
#include <utility>

#include "common/log.h"
#include "server/rpc/session.h"
#include "server/rpc/unary.h"

namespace shoumi::server {
namespace {

// Streams one bundle from an offset. Deletes itself.
class BlobStream final : public grpc::ServerWriteReactor<v1::BlobChunk> {
 public:
  BlobStream(grpc::CallbackServerContext& context, const Services& services,
             v1::FetchBlobRequest request)
      : services_(services), request_(std::move(request)), peer_(PeerAddress(context)) {
    std::string certificate = PeerCertificate(context);
    if (certificate.empty()) {
      FinishWith(absl::UnauthenticatedError("a device certificate of this server is needed"));
      return;
    }
    if (!services.workers.Submit([this, pem = std::move(certificate)] { Begin(pem); })) {
      FinishWith(absl::ResourceExhaustedError("the server is busy; try again"));
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      WriteNext();
    } else {
      FinishWith(absl::CancelledError("the agent went away"));
    }
  }
  void OnDone() override { delete this; }

 private:
  void Begin(const std::string& certificate_pem) {
    const auto device = services_.devices.Authenticate(certificate_pem);
    if (!device.ok()) return FinishWith(device.status());
    bundle_ = services_.policy.Find(request_.sha256());
    if (bundle_ == nullptr) {
      return FinishWith(absl::NotFoundError("no such blob; a newer offer is on its way"));
    }
    offset_ = request_.offset();
    if (offset_ > bundle_->bytes.size()) {
      return FinishWith(absl::OutOfRangeError("the offset lies beyond the blob's end"));
    }
    WriteNext();
  }

  void WriteNext() {
    const size_t left = bundle_->bytes.size() - offset_;
    if (left == 0) return FinishWith(absl::OkStatus());
    const size_t size = std::min(left, services_.bounds.chunk_bytes);
    chunk_.set_offset(offset_);
    chunk_.set_data(bundle_->bytes.data() + offset_, size);
    offset_ += size;
    StartWrite(&chunk_);
  }

  void FinishWith(const absl::Status& status) {
    services_.refusals.Call("policy download", peer_, status);
    services_.counters.Count(status);
    Finish(ToGrpc(status));
  }

  const Services& services_;
  const v1::FetchBlobRequest request_;
  const std::string peer_;
  std::shared_ptr<const PublishedBundle> bundle_;
  size_t offset_ = 0;
  v1::BlobChunk chunk_;
};

}  // namespace

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
  return new BlobStream(*context, services_, *request);
}

}  // namespace shoumi::server
