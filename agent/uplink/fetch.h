#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/uplink/fetch_counters.h"
#include "agent/uplink/part_file.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::agent {

// Called for each piece that has come; false ends the fetch.
using FetchProgress = std::function<bool()>;

bool IsSha256(std::string_view text);  // 64 hex digits, lower case

// What is fetched, and where to.
struct BlobFetch {
  std::string sha256;
  uint64_t bytes = 0;
  std::string path;
  const FetchBase* base = nullptr;  // null: the whole is wanted
};

// Fetches at most as many bytes as are wanted. What an interrupted fetch left at the path is
// continued, in this call and in later ones. With a base the server may send what changed; when
// that is bad, does not give the digest or takes too long, the whole is fetched. Otherwise the
// digest is the caller's to check.
absl::Status FetchBlob(v1::AgentService::StubInterface& stub, const BlobFetch& blob,
                       FetchCounters& counters, const FetchProgress& progress);

// Fetches an offered bundle into STATE/fetch-SHA256.part and returns its bytes, at most as many as
// were offered; parts of other offers are removed. ForgetFetched() ends it.
absl::StatusOr<std::string> FetchBundle(v1::AgentService::StubInterface& stub,
                                        const v1::PolicyOffer& offer, const std::string& state_dir,
                                        const FetchProgress& progress);
void ForgetFetched(const std::string& state_dir, const std::string& sha256);

}  // namespace shoumi::agent
