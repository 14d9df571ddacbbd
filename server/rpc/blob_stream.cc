#include "server/rpc/blob_stream.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/rpc/unary.h"

namespace shoumi::server {
namespace {

class Stream final : public grpc::ServerWriteReactor<v1::BlobChunk> {
 public:
  Stream(grpc::CallbackServerContext& context, const Services& services,
         const v1::FetchBlobRequest& request)
      : services_(services), request_(request), peer_(PeerAddress(context)) {
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
    if (bundle_ != nullptr || request_.base_sha256().empty()) return WriteNext();
    services_.deltas.Ask(request_.base_sha256(), request_.sha256(),
                         [this](std::shared_ptr<const Delta> delta) {
                           if (delta != nullptr) StartIn(std::move(delta));
                           WriteNext();
                         });
  }

  // An offset within a step, as a fetch that was cut has it, goes on there.
  void StartIn(std::shared_ptr<const Delta> delta) {
    delta_ = std::move(delta);
    const auto behind = std::upper_bound(
        delta_->steps.begin(), delta_->steps.end(), offset_,
        [](uint64_t offset, const Delta::Step& step) { return offset < step.offset; });
    step_ = static_cast<size_t>(behind - delta_->steps.begin());
    if (step_ > 0) --step_;
  }

  void WriteNext() {
    if (offset_ == bytes_) return FinishWith(absl::OkStatus());
    if (bundle_ != nullptr) return Write(std::string_view(bundle_->bytes).substr(offset_));
    if (delta_ != nullptr) return WriteStep();
    if (piece_at_ < piece_.size()) return Write(std::string_view(piece_).substr(piece_at_));
    // The store blocks, which gRPC's threads may not.
    if (!services_.workers.Submit([this] { ReadPiece(); })) {
      FinishWith(absl::ResourceExhaustedError("the server is busy; try again"));
    }
  }

  void WriteStep() {
    while (delta_->steps[step_].offset + delta_->steps[step_].bytes <= offset_) ++step_;
    const Delta::Step& step = delta_->steps[step_];
    const uint64_t within = offset_ - step.offset;
    const uint64_t bytes = step.bytes - within;
    if (!step.copied) {
      return Write(std::string_view(delta_->data).substr(step.from + within, bytes));
    }
    chunk_.Clear();
    chunk_.set_offset(offset_);
    chunk_.set_copy_offset(step.from + within);
    chunk_.set_copy_bytes(bytes);
    services_.deltas.counters().bytes_copied += bytes;
    offset_ += bytes;
    Send();
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
    chunk_.Clear();
    chunk_.set_offset(offset_);
    chunk_.set_data(from.data(), size);
    services_.deltas.counters().bytes_sent += size;
    offset_ += size;
    piece_at_ += size;
    Send();
  }

  // The chunks of a delta are small: they leave together. Not the first, which carries the headers:
  // gRPC calls it written only when they have left.
  void Send() {
    grpc::WriteOptions options;
    if (delta_ != nullptr && sent_any_ && offset_ < bytes_) options.set_buffer_hint();
    sent_any_ = true;
    StartWrite(&chunk_, options);
  }

  void FinishWith(const absl::Status& status) {
    services_.refusals.Call("policy download", peer_, status);
    services_.counters.Count(status);
    Finish(ToGrpc(status));
  }

  const Services& services_;
  const v1::FetchBlobRequest request_;
  const std::string peer_;
  std::shared_ptr<const PublishedBundle> bundle_;  // null: an index
  std::shared_ptr<const Delta> delta_;             // null: the whole is sent
  size_t step_ = 0;
  bool sent_any_ = false;
  uint64_t bytes_ = 0;
  uint64_t offset_ = 0;
  std::string piece_;  // of the blob
  size_t piece_at_ = 0;
  v1::BlobChunk chunk_;
};

}  // namespace

grpc::ServerWriteReactor<v1::BlobChunk>* BlobStream::Start(grpc::CallbackServerContext& context,
                                                           const Services& services,
                                                           const v1::FetchBlobRequest& request) {
  return new Stream(context, services, request);
}

}  // namespace shoumi::server
