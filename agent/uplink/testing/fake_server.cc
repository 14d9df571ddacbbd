#include "agent/uplink/testing/fake_server.h"

namespace shoumi::agent {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

constexpr size_t kChunkBytes = 1000;

bool HasCertificate(const grpc::ServerContext& context) {
  return context.auth_context()->IsPeerAuthenticated() &&
         !context.auth_context()->FindPropertyValues("x509_pem_cert").empty();
}

}  // namespace

FakeServer::FakeServer() : signing_key_(crypto::NewSigningKey()) {
  const crypto::Validity validity{system_clock::now() - hours(1), system_clock::now() + hours(99)};
  ca_.key_pem = crypto::NewEcKeyPem();
  ca_.certificate_pem = crypto::CreateCa(ca_.key_pem, "test CA", validity).value();
  server_key_ = crypto::NewEcKeyPem();
  server_certificate_ =
      crypto::IssueServerCertificate(ca_, server_key_, {"127.0.0.1"}, validity).value();
  Start();
}

FakeServer::~FakeServer() {
  Stop();
}

void FakeServer::Start() {
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = ca_.certificate_pem;
  tls.pem_key_cert_pairs.push_back({server_key_, server_certificate_});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::SslServerCredentials(tls),
                           &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

void FakeServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(system_clock::now());
  server_.reset();
}

std::string FakeServer::Issue(const std::string& csr, hours age, hours life) const {
  const auto start = system_clock::now() - age;
  return crypto::IssueClientCertificate(ca_, csr, "device-1", {start, start + life}).value();
}

std::string FakeServer::Sign(const v1::PolicyBundle& bundle) const {
  v1::SignedBundle result;
  result.set_bundle(bundle.SerializeAsString());
  result.set_signature(
      crypto::Sign(signing_key_, std::string("shoumi-policy-bundle-v1\0", 24) + result.bundle()));
  return result.SerializeAsString();
}

void FakeServer::Offer(uint64_t version, const std::string& bytes, const std::string& sha256) {
  v1::ServerMessage message;
  {
    const std::lock_guard lock(mutex);
    offer_.set_version(version);
    offer_.set_sha256(sha256.empty() ? crypto::Sha256Hex(bytes) : sha256);
    offer_.set_size_bytes(bytes.size());
    blobs_[offer_.sha256()] = bytes;
    *message.mutable_policy() = offer_;
  }
  const std::lock_guard lock(write_mutex_);
  if (stream_ != nullptr) stream_->Write(message);
}

bool FakeServer::WaitFor(const std::function<bool()>& holds) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, std::chrono::seconds(10), holds);
}

grpc::Status FakeServer::Enrol(grpc::ServerContext*, const v1::EnrolRequest* request,
                               v1::EnrolResponse* response) {
  if (request->token() != "one-time") {
    return {grpc::StatusCode::PERMISSION_DENIED, "the token is not valid"};
  }
  response->set_device_id("device-1");
  response->set_certificate_pem(Issue(request->csr_pem(), hours(1), hours(90)));
  response->set_ca_pem(ca_.certificate_pem);
  response->set_policy_public_key(signing_key_.public_key);
  return grpc::Status::OK;
}

grpc::Status FakeServer::RenewCertificate(grpc::ServerContext* context,
                                          const v1::RenewCertificateRequest* request,
                                          v1::RenewCertificateResponse* response) {
  if (!HasCertificate(*context)) return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
  response->set_certificate_pem(Issue(request->csr_pem(), hours(0), hours(90)));
  const std::lock_guard lock(mutex);
  ++renewals;
  return grpc::Status::OK;
}

grpc::Status FakeServer::Session(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream) {
  if (!HasCertificate(*context)) return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
  {
    const std::lock_guard lock(write_mutex_);
    stream_ = stream;
  }
  grpc::Status status;
  v1::AgentMessage message;
  while (status.ok() && stream->Read(&message)) {
    status = Handle(message, stream);
    changed.notify_all();
  }
  const std::lock_guard lock(write_mutex_);
  if (stream_ == stream) stream_ = nullptr;
  return status;
}

grpc::Status FakeServer::Handle(
    const v1::AgentMessage& message,
    grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream) {
  std::vector<v1::ServerMessage> answers;
  {
    const std::lock_guard lock(mutex);
    if (message.has_hello()) {
      hellos.push_back(message.hello());
      answers.emplace_back().mutable_welcome()->set_heartbeat_interval_s(heartbeat_interval_s);
      if (offer_.version() > 0) *answers.emplace_back().mutable_policy() = offer_;
    } else if (message.has_heartbeat()) {
      ++heartbeats;
    } else if (message.has_policy_result()) {
      results.push_back(message.policy_result());
    } else if (message.has_records()) {
      for (const auto& record : message.records().records()) {
        if (record.sequence() == poison_sequence) {
          return {grpc::StatusCode::INVALID_ARGUMENT, "bad record"};
        }
      }
      for (const auto& record : message.records().records()) {
        sequences.push_back(record.sequence());
      }
      if (acknowledge) answers.emplace_back().mutable_ack()->set_sequence(sequences.back());
    }
  }
  const std::lock_guard lock(write_mutex_);
  for (const auto& answer : answers) stream->Write(answer);
  return grpc::Status::OK;
}

void FakeServer::Serve(const std::string& bytes, const std::string& sha256) {
  const std::lock_guard lock(mutex);
  blobs_[sha256.empty() ? crypto::Sha256Hex(bytes) : sha256] = bytes;
}

grpc::Status FakeServer::FetchBlob(grpc::ServerContext* context,
                                   const v1::FetchBlobRequest* request,
                                   grpc::ServerWriter<v1::BlobChunk>* writer) {
  if (!HasCertificate(*context)) return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
  std::string bytes;
  uint64_t cut = 0;
  FetchScript script;
  {
    const std::lock_guard lock(mutex);
    fetch_offsets.push_back(request->offset());
    fetch_bases.push_back(request->base_sha256());
    bytes = blobs_[request->sha256()];
    cut = std::exchange(cut_fetch_after, 0);
    if (!request->base_sha256().empty()) script = fetch_script;
  }
  if (script) return script(*request, *writer);
  for (uint64_t offset = request->offset(); offset < bytes.size(); offset += kChunkBytes) {
    if (cut != 0 && offset >= cut) return {grpc::StatusCode::UNAVAILABLE, "cut"};
    v1::BlobChunk chunk;
    chunk.set_offset(offset);
    chunk.set_data(bytes.substr(offset, kChunkBytes));
    if (!writer->Write(chunk)) break;
  }
  return grpc::Status::OK;
}

}  // namespace shoumi::agent
