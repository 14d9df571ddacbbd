#include "server/rpc/agent_service.h"

#include <memory>
#include <mutex>
#include <utility>

#include "common/log.h"
#include "server/rpc/session.h"
#include "server/rpc/unary.h"

namespace shoumi::server {
namespace {

// Streams a bundle, or a blob that one names, from an offset. Deletes itself.
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
    offset_ = request_.offset();
    bundle_ = services_.policy.Find(request_.sha256());
    const auto bytes = bundle_ != nullptr ? absl::StatusOr<uint64_t>(bundle_->bytes.size())
                                          : services_.indexes.BlobBytes(request_.sha256());
    if (!bytes.ok()) return FinishWith(bytes.status());
    bytes_ = *bytes;
    if (offset_ > bytes_) {
      return FinishWith(absl::OutOfRangeError("the offset lies beyond the blob's end"));
    }
    WriteNext();
  }

  void WriteNext() {
    if (offset_ == bytes_) return FinishWith(absl::OkStatus());
    if (bundle_ != nullptr) return Write(std::string_view(bundle_->bytes).substr(offset_));
    if (piece_at_ < piece_.size()) return Write(std::string_view(piece_).substr(piece_at_));
    // The store blocks, which gRPC's threads may not.
    if (!services_.workers.Submit([this] { ReadPiece(); })) {
      FinishWith(absl::ResourceExhaustedError("the server is busy; try again"));
    }
  }

  void ReadPiece() {
    auto piece = services_.indexes.ReadBlob(request_.sha256(), offset_);
    if (!piece.ok()) return FinishWith(piece.status());
    piece_ = *std::move(piece);
    piece_at_ = 0;
    Write(piece_);
  }

  void Write(std::string_view from) {
    const size_t size = std::min(from.size(), services_.bounds.chunk_bytes);
    chunk_.set_offset(offset_);
    chunk_.set_data(from.data(), size);
    offset_ += size;
    piece_at_ += size;
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
  std::shared_ptr<const PublishedBundle> bundle_;  // null: a blob in the store
  uint64_t bytes_ = 0;
  uint64_t offset_ = 0;
  std::string piece_;  // of the blob
  size_t piece_at_ = 0;
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
