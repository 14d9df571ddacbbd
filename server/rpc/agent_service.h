#pragma once

#include "server/rpc/services.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::server {

// The agents' side. Session's messages are taken as raw bytes (see session.h).
class AgentServiceHandlers final
    : public v1::AgentService::WithCallbackMethod_Enrol<
          v1::AgentService::WithCallbackMethod_RenewCertificate<
              v1::AgentService::WithRawCallbackMethod_Session<
                  v1::AgentService::WithCallbackMethod_FetchBlob<v1::AgentService::Service>>>> {
 public:
  explicit AgentServiceHandlers(const Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                  const v1::EnrolRequest* request,
                                  v1::EnrolResponse* response) override;
  grpc::ServerUnaryReactor* RenewCertificate(grpc::CallbackServerContext* context,
                                             const v1::RenewCertificateRequest* request,
                                             v1::RenewCertificateResponse* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Session(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<v1::BlobChunk>* FetchBlob(grpc::CallbackServerContext* context,
                                                     const v1::FetchBlobRequest* request) override;

 private:
  const Services& services_;
};

}  // namespace shoumi::server
