#include "agent/uplink/fetch.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "agent/uplink/bundle.h"
#include "agent/uplink/connection.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

constexpr std::chrono::seconds kTryDeadline{30};
constexpr int kTriesMax = 5;
constexpr int kDeltaTriesMax = 2;  // the whole needs nothing to be made first

std::filesystem::path PartOf(const std::string& state_dir, const std::string& sha256) {
  return std::filesystem::path(state_dir) / fmt::format("fetch-{}.part", sha256);
}

void RemoveOtherParts(const std::string& state_dir, const std::filesystem::path& keep) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(state_dir, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("fetch-") && name.ends_with(".part") && it->path() != keep) {
      ::unlink(it->path().c_str());
    }
  }
}

// Takes chunks until the stream ends.
absl::Status FetchOnce(v1::AgentService::StubInterface& stub, const BlobFetch& blob, PartFile& part,
                       const FetchProgress& progress) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTryDeadline);
  v1::FetchBlobRequest request;
  request.set_sha256(blob.sha256);
  request.set_offset(part.offset());
  if (blob.base != nullptr) request.set_base_sha256(blob.base->sha256);
  const auto reader = stub.FetchBlob(&context, request);
  v1::BlobChunk chunk;
  absl::Status status;
  while (status.ok() && reader->Read(&chunk)) {
    status = part.Take(chunk);
    if (status.ok() && !progress()) status = absl::CancelledError("stopped");
  }
  if (!status.ok()) context.TryCancel();
  const grpc::Status finished = reader->Finish();
  return status.ok() ? FromGrpc(finished) : status;
}

absl::Status FetchInto(v1::AgentService::StubInterface& stub, const BlobFetch& blob, PartFile& part,
                       const FetchProgress& progress) {
  absl::Status status;
  int tries = 0;
  while (part.offset() < blob.bytes) {
    const uint64_t before = part.offset();
    status = FetchOnce(stub, blob, part, progress);
    // A stream that brings nothing is a try; one that brings something is progress.
    const int tries_max = blob.base != nullptr ? kDeltaTriesMax : kTriesMax;
    if (part.offset() == before && ++tries >= tries_max) break;
    if (part.broken() || absl::IsDataLoss(status) || absl::IsNotFound(status) ||
        absl::IsCancelled(status)) {
      break;
    }
  }
  if (part.offset() == blob.bytes) return part.Sync();
  if (!status.ok()) return status;
  return absl::DataLossError(
      fmt::format("it ends after {} of {} bytes", part.offset(), blob.bytes));
}

absl::Status FetchCounted(v1::AgentService::StubInterface& stub, const BlobFetch& blob,
                          FetchCounters& counters, const FetchProgress& progress) {
  auto part = PartFile::Open(blob.path, blob.bytes, blob.base);
  if (!part.ok()) return part.status();
  absl::Status status = FetchInto(stub, blob, *part, progress);
  counters.bytes_fetched += part->message_bytes();
  counters.bytes_copied += part->copied_bytes();
  return status;
}

absl::Status CheckDigest(const BlobFetch& blob) {
  const UniqueFd fd(::open(blob.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return ErrnoStatus(errno, blob.path);
  const auto digest = crypto::Sha256HexOfFile(fd.get());
  if (!digest.ok()) return digest.status();
  return *digest == blob.sha256 ? absl::OkStatus()
                                : absl::DataLossError("the delta gives another blob (SHA-256)");
}

}  // namespace

bool IsSha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::Status FetchBlob(v1::AgentService::StubInterface& stub, const BlobFetch& blob,
                       FetchCounters& counters, const FetchProgress& progress) {
  absl::Status status = FetchCounted(stub, blob, counters, progress);
  if (blob.base == nullptr) return status;
  if (status.ok()) status = CheckDigest(blob);
  const bool bad = absl::IsDataLoss(status);
  if (!bad && !absl::IsDeadlineExceeded(status)) return status;
  ++counters.deltas_refused;
  spdlog::warn("uplink: {}; the whole index is fetched", std::string(status.message()));
  if (bad) ::unlink(blob.path.c_str());  // what a slow server has sent goes on
  BlobFetch whole = blob;
  whole.base = nullptr;
  return FetchCounted(stub, whole, counters, progress);
}

absl::StatusOr<std::string> FetchBundle(v1::AgentService::StubInterface& stub,
                                        const v1::PolicyOffer& offer, const std::string& state_dir,
                                        const FetchProgress& progress) {
  if (!IsSha256(offer.sha256())) return absl::InvalidArgumentError("the offer's SHA-256 is bad");
  if (offer.size_bytes() == 0 || offer.size_bytes() > kBundleBytesMax) {
    return absl::ResourceExhaustedError(fmt::format("the offered bundle has {} bytes, more than {}",
                                                    offer.size_bytes(), kBundleBytesMax));
  }
  const std::filesystem::path path = PartOf(state_dir, offer.sha256());
  RemoveOtherParts(state_dir, path);
  FetchCounters not_of_indexes;
  auto status =
      FetchBlob(stub, {offer.sha256(), offer.size_bytes(), path}, not_of_indexes, progress);
  if (!status.ok()) return status;
  return ReadFile(path, kBundleBytesMax);
}

void ForgetFetched(const std::string& state_dir, const std::string& sha256) {
  if (IsSha256(sha256)) ::unlink(PartOf(state_dir, sha256).c_str());
}

}  // namespace shoumi::agent
