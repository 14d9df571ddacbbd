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

struct Wanted {
  const std::string& sha256;
  uint64_t bytes;
  const FetchProgress& progress;
};

// Appends from `offset` on until the stream ends; `offset` moves along.
absl::Status FetchOnce(v1::AgentService::StubInterface& stub, const Wanted& wanted, int fd,
                       uint64_t& offset) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTryDeadline);
  v1::FetchBlobRequest request;
  request.set_sha256(wanted.sha256);
  request.set_offset(offset);
  const auto reader = stub.FetchBlob(&context, request);
  v1::BlobChunk chunk;
  absl::Status status;
  while (status.ok() && reader->Read(&chunk)) {
    if (chunk.offset() != offset) {
      status = absl::DataLossError("the server sent another place than was asked for");
    } else if (chunk.data().size() > wanted.bytes - offset) {
      status = absl::DataLossError("the server sent more than it offered");
    } else {
      status = WriteAll(fd, chunk.data());
      offset += chunk.data().size();
      if (status.ok() && !wanted.progress()) status = absl::CancelledError("stopped");
    }
  }
  if (!status.ok()) context.TryCancel();
  const grpc::Status finished = reader->Finish();
  return status.ok() ? FromGrpc(finished) : status;
}

// Where the file goes on: its end, or its start when it is too long to be a part of it.
absl::StatusOr<uint64_t> GoOn(int fd, const std::string& path, uint64_t bytes) {
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (end < 0) return ErrnoStatus(errno, path);
  if (static_cast<uint64_t>(end) <= bytes) return static_cast<uint64_t>(end);
  if (::ftruncate(fd, 0) != 0) return ErrnoStatus(errno, path);
  if (::lseek(fd, 0, SEEK_SET) != 0) return ErrnoStatus(errno, path);
  return 0;
}

}  // namespace

bool IsSha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::Status FetchBlob(v1::AgentService::StubInterface& stub, const std::string& sha256,
                       uint64_t bytes, const std::string& path, const FetchProgress& progress) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return ErrnoStatus(errno, path);
  const auto start = GoOn(fd.get(), path, bytes);
  if (!start.ok()) return start.status();
  uint64_t offset = *start;
  absl::Status status;
  int tries = 0;
  while (offset < bytes) {
    const uint64_t before = offset;
    status = FetchOnce(stub, {sha256, bytes, progress}, fd.get(), offset);
    // A stream that brings nothing is a try; one that brings something is progress.
    if (offset == before && ++tries >= kTriesMax) break;
    if (absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsCancelled(status)) break;
  }
  if (offset == bytes) return absl::OkStatus();
  if (!status.ok()) return status;
  return absl::DataLossError(fmt::format("it ends after {} of {} bytes", offset, bytes));
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
  auto status = FetchBlob(stub, offer.sha256(), offer.size_bytes(), path, progress);
  if (!status.ok()) return status;
  return ReadFile(path, kBundleBytesMax);
}

void ForgetFetched(const std::string& state_dir, const std::string& sha256) {
  if (IsSha256(sha256)) ::unlink(PartOf(state_dir, sha256).c_str());
}

}  // namespace shoumi::agent
