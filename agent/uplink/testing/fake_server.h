#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/crypto/crypto.h"
#include "common/crypto/x509.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

// For tests: an AgentService over mutual TLS on loopback that keeps what it gets and misbehaves as
// told.
namespace shoumi::agent {

class FakeServer final : public v1::AgentService::Service {
 public:
  FakeServer();
  ~FakeServer() override;

  void Start();  // again on the same port after Stop()
  void Stop();
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const std::string& ca_pem() const { return ca_.certificate_pem; }
  [[nodiscard]] const crypto::SigningKey& signing_key() const { return signing_key_; }
  // A certificate for the request, of this CA or of a stranger's.
  [[nodiscard]] std::string Issue(const std::string& csr, std::chrono::hours age,
                                  std::chrono::hours life) const;

  std::string Sign(const v1::PolicyBundle& bundle) const;
  // Offers `bytes` to the session that runs and to each that begins.
  void Offer(uint64_t version, const std::string& bytes, const std::string& sha256 = "");

  // As a blob under its digest, or under another.
  void Serve(const std::string& bytes, const std::string& sha256 = "");

  // In place of what FetchBlob does, for requests that name a base.
  using FetchScript = std::function<grpc::Status(const v1::FetchBlobRequest& request,
                                                 grpc::ServerWriter<v1::BlobChunk>& writer)>;

  // Wait for what has arrived; false after ten seconds.
  bool WaitFor(const std::function<bool()>& holds);

  // Guarded by `mutex`.
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<v1::Hello> hellos;
  std::vector<uint64_t> sequences;  // in order of arrival
  std::vector<v1::PolicyResult> results;
  std::vector<uint64_t> fetch_offsets;
  std::vector<std::string> fetch_bases;
  FetchScript fetch_script;
  int heartbeats = 0;
  int renewals = 0;
  bool acknowledge = true;
  uint64_t poison_sequence = 0;  // refused with InvalidArgument
  uint64_t cut_fetch_after = 0;  // bytes; then the stream breaks, once
  uint32_t heartbeat_interval_s = 1;

 private:
  grpc::Status Enrol(grpc::ServerContext* context, const v1::EnrolRequest* request,
                     v1::EnrolResponse* response) override;
  grpc::Status RenewCertificate(grpc::ServerContext* context,
                                const v1::RenewCertificateRequest* request,
                                v1::RenewCertificateResponse* response) override;
  grpc::Status Session(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream) override;
  grpc::Status FetchBlob(grpc::ServerContext* context, const v1::FetchBlobRequest* request,
                         grpc::ServerWriter<v1::BlobChunk>* writer) override;
  grpc::Status Handle(const v1::AgentMessage& message,
                      grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream);

  crypto::Issuer ca_;
  std::string server_key_;
  std::string server_certificate_;
  crypto::SigningKey signing_key_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  v1::PolicyOffer offer_;
  std::map<std::string, std::string> blobs_;
  std::mutex write_mutex_;
  grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream_ = nullptr;
};

}  // namespace shoumi::agent
