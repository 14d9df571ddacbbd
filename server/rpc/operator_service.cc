#include "server/rpc/operator_service.h"

#include <utility>

#include "common/ids.h"
#include "common/log.h"
#include "server/rpc/unary.h"

namespace shoumi::server {
namespace {

PolicyFiles ToFiles(const v1::PolicySource& source) {
  return {
      source.policy_file(), source.policy_yaml(), {source.packs().begin(), source.packs().end()}};
}

template <typename Response>
void SetProblems(const CompiledPolicy& compiled, Response& response) {
  response.set_ok(compiled.ok);
  for (const v1::PackProblem& problem : compiled.problems) *response.add_problems() = problem;
}

}  // namespace

grpc::ServerUnaryReactor* OperatorServiceHandlers::Run(
    Context* context, std::function<absl::Status(const OperatorIdentity& identity)> work) {
  return RunWithOneTimePassword(
      context, [work = std::move(work)](const OperatorIdentity& identity) -> absl::Status {
        if (identity.must_change_password) {
          return absl::FailedPreconditionError(
              "the one-time password must be changed first: shoumictl passwd");
        }
        return work(identity);
      });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::RunWithOneTimePassword(
    Context* context, std::function<absl::Status(const OperatorIdentity& identity)> work) {
  return RunUnary(services_, context, "operator call",
                  [this, context, work = std::move(work)]() -> absl::Status {
                    const auto identity = services_.operators.Authenticate(BearerToken(*context));
                    if (!identity.ok()) return identity.status();
                    return work(*identity);
                  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::Login(Context* context,
                                                         const v1::LoginRequest* request,
                                                         v1::LoginResponse* response) {
  return RunUnary(
      services_, context, "login", [this, context, request, response]() -> absl::Status {
        const std::string peer = PeerAddress(*context);
        const std::string network = NetworkOf(peer);
        if (auto status = services_.anonymous.Admit(network); !status.ok()) {
          return status;
        }
        auto login = services_.operators.Login(network, request->user(), request->password());
        // The name is what a stranger typed, perhaps a password: it stays out of the
        // log.
        if (!login.ok()) return login.status();
        spdlog::info("operator {} logged in from {}", request->user(), peer);
        response->set_token(login->token);
        *response->mutable_expires() = ToProtoTime(login->expires);
        response->set_must_change_password(login->must_change_password);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ChangePassword(
    Context* context, const v1::ChangePasswordRequest* request, v1::ChangePasswordResponse*) {
  return RunWithOneTimePassword(
      context, [this, context, request](const OperatorIdentity& identity) {
        auto status =
            services_.operators.ChangePassword(NetworkOf(PeerAddress(*context)), identity,
                                               request->old_password(), request->new_password());
        if (status.ok()) spdlog::info("operator {} changed the password", identity.name);
        return status;
      });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::Logout(Context* context,
                                                          const v1::LogoutRequest*,
                                                          v1::LogoutResponse*) {
  return RunWithOneTimePassword(context, [this](const OperatorIdentity& identity) {
    return services_.operators.Logout(identity);
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::RevokeDevice(
    Context* context, const v1::RevokeDeviceRequest* request, v1::RevokeDeviceResponse*) {
  return Run(context, [this, request](const OperatorIdentity& identity) -> absl::Status {
    if (auto status = services_.devices.Revoke(request->device_id()); !status.ok()) return status;
    services_.fleet.End(request->device_id(),
                        absl::PermissionDeniedError("this device is revoked"));
    spdlog::info("operator {} revoked device {}", identity.name, request->device_id());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::CreateEnrolmentToken(
    Context* context, const v1::CreateEnrolmentTokenRequest* request,
    v1::CreateEnrolmentTokenResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity& identity) -> absl::Status {
    auto token = services_.devices.CreateToken(std::chrono::seconds(request->valid_s()),
                                               request->note(), identity.name);
    if (!token.ok()) return token.status();
    spdlog::info("operator {} created an enrolment token, valid until {}", identity.name,
                 FormatTime(token->expires));
    response->set_token(token->token);
    *response->mutable_expires() = ToProtoTime(token->expires);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::CheckPolicy(
    Context* context, const v1::CheckPolicyRequest* request, v1::CheckPolicyResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto compiled = services_.policy.Check(ToFiles(request->source()));
    if (!compiled.ok()) return compiled.status();
    SetProblems(*compiled, *response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ApplyPolicy(
    Context* context, const v1::ApplyPolicyRequest* request, v1::ApplyPolicyResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity& identity) -> absl::Status {
    const auto applied = services_.policy.Apply(ToFiles(request->source()), identity.name);
    if (!applied.ok()) return applied.status();
    SetProblems(applied->compiled, *response);
    if (applied->bundle == nullptr) return absl::OkStatus();
    spdlog::info("operator {} applied policy {} as version {}", identity.name,
                 applied->bundle->policy.name(), applied->bundle->version);
    response->set_version(applied->bundle->version);
    response->set_connected_agents(static_cast<uint32_t>(services_.fleet.connected()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::GetPolicy(Context* context,
                                                             const v1::GetPolicyRequest*,
                                                             v1::GetPolicyResponse* response) {
  return Run(context, [this, response](const OperatorIdentity&) -> absl::Status {
    const auto bundle = services_.policy.Current();
    if (bundle == nullptr) return absl::NotFoundError("no policy has been applied yet");
    response->set_version(bundle->version);
    *response->mutable_created() = ToProtoTime(bundle->created);
    response->set_author(bundle->author);
    *response->mutable_policy() = bundle->policy;
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
