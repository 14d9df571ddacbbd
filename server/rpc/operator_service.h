#pragma once

#include <functional>

#include "server/rpc/services.h"
#include "shoumi/v1/operator_service.grpc.pb.h"

namespace shoumi::server {

// The operators' side. Every call but Login needs a token; until a one-time password is changed,
// only ChangePassword and Logout are allowed.
class OperatorServiceHandlers final : public v1::OperatorService::CallbackService {
 public:
  explicit OperatorServiceHandlers(const Services& services) : services_(services) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* Login(Context* context, const v1::LoginRequest* request,
                 v1::LoginResponse* response) override;
  Reactor* ChangePassword(Context* context, const v1::ChangePasswordRequest* request,
                          v1::ChangePasswordResponse* response) override;
  Reactor* Logout(Context* context, const v1::LogoutRequest* request,
                  v1::LogoutResponse* response) override;

  Reactor* ListIncidents(Context* context, const v1::ListIncidentsRequest* request,
                         v1::ListIncidentsResponse* response) override;
  Reactor* GetIncident(Context* context, const v1::GetIncidentRequest* request,
                       v1::GetIncidentResponse* response) override;
  Reactor* ListAgentEvents(Context* context, const v1::ListAgentEventsRequest* request,
                           v1::ListAgentEventsResponse* response) override;

  Reactor* ListDevices(Context* context, const v1::ListDevicesRequest* request,
                       v1::ListDevicesResponse* response) override;
  Reactor* RevokeDevice(Context* context, const v1::RevokeDeviceRequest* request,
                        v1::RevokeDeviceResponse* response) override;
  Reactor* CreateEnrolmentToken(Context* context, const v1::CreateEnrolmentTokenRequest* request,
                                v1::CreateEnrolmentTokenResponse* response) override;

  Reactor* CheckPolicy(Context* context, const v1::CheckPolicyRequest* request,
                       v1::CheckPolicyResponse* response) override;
  Reactor* ApplyPolicy(Context* context, const v1::ApplyPolicyRequest* request,
                       v1::ApplyPolicyResponse* response) override;
  Reactor* GetPolicy(Context* context, const v1::GetPolicyRequest* request,
                     v1::GetPolicyResponse* response) override;

  grpc::ServerReadReactor<v1::ImportRegistryRequest>* ImportRegistry(
      Context* context, v1::ImportRegistryResponse* response) override;
  Reactor* ListRegistries(Context* context, const v1::ListRegistriesRequest* request,
                          v1::ListRegistriesResponse* response) override;
  Reactor* RemoveRegistry(Context* context, const v1::RemoveRegistryRequest* request,
                          v1::RemoveRegistryResponse* response) override;

  grpc::ServerReadReactor<v1::ImportDocumentsRequest>* ImportDocuments(
      Context* context, v1::ImportDocumentsResponse* response) override;
  Reactor* ListCollections(Context* context, const v1::ListCollectionsRequest* request,
                           v1::ListCollectionsResponse* response) override;
  Reactor* ListDocuments(Context* context, const v1::ListDocumentsRequest* request,
                         v1::ListDocumentsResponse* response) override;
  Reactor* RemoveCollection(Context* context, const v1::RemoveCollectionRequest* request,
                            v1::RemoveCollectionResponse* response) override;

  Reactor* ListReleaseRequests(Context* context, const v1::ListReleaseRequestsRequest* request,
                               v1::ListReleaseRequestsResponse* response) override;

 private:
  // Authenticates, then runs `work` with who is calling.
  Reactor* Run(Context* context,
               std::function<absl::Status(const OperatorIdentity& identity)> work);
  Reactor* RunWithOneTimePassword(
      Context* context, std::function<absl::Status(const OperatorIdentity& identity)> work);

  const Services& services_;
};

}  // namespace shoumi::server
