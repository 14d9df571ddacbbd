#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::agent {

// Called for each piece that has come; false ends the fetch.
using FetchProgress = std::function<bool()>;

bool IsSha256(std::string_view text);  // 64 hex digits, lower case

// Fetches a blob into `path`, at most `bytes` of it. What an interrupted fetch left there is
// continued, in this call and in later ones. The digest is the caller's to check.
absl::Status FetchBlob(v1::AgentService::StubInterface& stub, const std::string& sha256,
                       uint64_t bytes, const std::string& path, const FetchProgress& progress);

// Fetches an offered bundle into STATE/fetch-SHA256.part and returns its bytes, at most as many as
// were offered; parts of other offers are removed. ForgetFetched() ends it.
absl::StatusOr<std::string> FetchBundle(v1::AgentService::StubInterface& stub,
                                        const v1::PolicyOffer& offer, const std::string& state_dir,
                                        const FetchProgress& progress);
void ForgetFetched(const std::string& state_dir, const std::string& sha256);

}  // namespace shoumi::agent
