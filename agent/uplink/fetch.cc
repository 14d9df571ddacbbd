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
#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr std::chrono::seconds kTryDeadline{30};
constexpr int kTriesMax = 5;

bool IsSha256(const std::string& text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

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

// Appends from `offset` on until the stream ends; `offset` moves along.
absl::Status FetchOnce(v1::AgentService::StubInterface& stub, const v1::PolicyOffer& offer, int fd,
                       uint64_t& offset) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTryDeadline);
  v1::FetchBlobRequest request;
  request.set_sha256(offer.sha256());
  request.set_offset(offset);
  const auto reader = stub.FetchBlob(&context, request);
  v1::BlobChunk chunk;
  absl::Status status;
  while (status.ok() && reader->Read(&chunk)) {
    if (chunk.offset() != offset) {
      status = absl::DataLossError("the server sent another place than was asked for");
    } else if (chunk.data().size() > offer.size_bytes() - offset) {
      status = absl::DataLossError("the server sent more than it offered");
    } else {
      status = WriteAll(fd, chunk.data());
      offset += chunk.data().size();
    }
  }
  if (!status.ok()) context.TryCancel();
  const grpc::Status finished = reader->Finish();
  return status.ok() ? FromGrpc(finished) : status;
}

}  // namespace

absl::StatusOr<std::string> FetchBundle(v1::AgentService::StubInterface& stub,
                                        const v1::PolicyOffer& offer,
                                        const std::string& state_dir) {
  if (!IsSha256(offer.sha256())) return absl::InvalidArgumentError("the offer's SHA-256 is bad");
  if (offer.size_bytes() == 0 || offer.size_bytes() > kBundleBytesMax) {
    return absl::ResourceExhaustedError(fmt::format("the offered bundle has {} bytes, more than {}",
                                                    offer.size_bytes(), kBundleBytesMax));
  }
  const std::filesystem::path path = PartOf(state_dir, offer.sha256());
  RemoveOtherParts(state_dir, path);
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return ErrnoStatus(errno, path.string());
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  if (end < 0) return ErrnoStatus(errno, path.string());
  auto offset = static_cast<uint64_t>(end);
  if (offset > offer.size_bytes()) {
    if (::ftruncate(fd.get(), 0) != 0) return ErrnoStatus(errno, path.string());
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) return ErrnoStatus(errno, path.string());
    offset = 0;
  }
  absl::Status status;
  int tries = 0;
  while (offset < offer.size_bytes()) {
    const uint64_t before = offset;
    status = FetchOnce(stub, offer, fd.get(), offset);
    // A stream that brings nothing is a try; one that brings something is progress.
    if (offset == before && ++tries >= kTriesMax) break;
    if (absl::IsDataLoss(status) || absl::IsNotFound(status)) break;
  }
  if (offset < offer.size_bytes()) {
    return status.ok() ? absl::DataLossError(fmt::format("the bundle ends after {} of {} bytes",
                                                         offset, offer.size_bytes()))
                       : status;
  }
  return ReadFile(path, kBundleBytesMax);
}

void ForgetFetched(const std::string& state_dir, const std::string& sha256) {
  if (IsSha256(sha256)) ::unlink(PartOf(state_dir, sha256).c_str());
}

}  // namespace shoumi::agent
