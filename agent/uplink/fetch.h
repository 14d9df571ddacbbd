#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::agent {

// Fetches an offered bundle into STATE/fetch-SHA256.part and returns its bytes, at most as many as
// were offered. What an interrupted fetch left is continued, in this call and in later ones; parts
// of other offers are removed. The digest is the caller's to check; Forget() ends it.
absl::StatusOr<std::string> FetchBundle(v1::AgentService::StubInterface& stub,
                                        const v1::PolicyOffer& offer, const std::string& state_dir);
void ForgetFetched(const std::string& state_dir, const std::string& sha256);

}  // namespace shoumi::agent
