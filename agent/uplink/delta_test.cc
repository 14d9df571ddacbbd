// Fetches of what changed, from servers that are honest and others.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "agent/uplink/connection.h"
#include "agent/uplink/enrolment.h"
#include "agent/uplink/fetch.h"
#include "agent/uplink/testing/fake_server.h"
#include "common/fd.h"

namespace shoumi::agent {
namespace {

using grpc::StatusCode;
using Writer = grpc::ServerWriter<v1::BlobChunk>;

void SendData(Writer& writer, uint64_t offset, const std::string& data) {
  v1::BlobChunk chunk;
  chunk.set_offset(offset);
  chunk.set_data(data);
  writer.Write(chunk);
}
bool SendCopy(Writer& writer, uint64_t offset, uint64_t from, uint64_t bytes) {
  v1::BlobChunk chunk;
  chunk.set_offset(offset);
  chunk.set_copy_offset(from);
  chunk.set_copy_bytes(bytes);
  return writer.Write(chunk);
}

class DeltaFetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "delta-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    ASSERT_TRUE(ReplaceFile(folder_ + "/ca.in", server_.ca_pem(), 0600).ok());
    ASSERT_TRUE(ReplaceFile(folder_ + "/token", "one-time\n", 0600).ok());
    const auto enrolment =
        Enrol({server_.address(), folder_ + "/ca.in", folder_ + "/token", folder_, "1", false});
    ASSERT_TRUE(enrolment.ok()) << enrolment.status();
    stub_ = v1::AgentService::NewStub(agent::Connect(*enrolment));
    for (size_t i = 0; i < 100'000; ++i) held_ += static_cast<char>(i * i / 7 % 251);
    blob_ = held_.substr(0, 40'000) + "new" + held_.substr(40'000);
    ASSERT_TRUE(ReplaceFile(folder_ + "/base", held_, 0600).ok());
    base_fd_.Reset(::open((folder_ + "/base").c_str(), O_RDONLY | O_CLOEXEC));
    base_ = {crypto::Sha256Hex(held_), base_fd_.get(), held_.size()};
    server_.Serve(blob_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::Status Fetch(const std::string& path = "") {
    return FetchBlob(*stub_,
                     {crypto::Sha256Hex(blob_), blob_.size(),
                      path.empty() ? folder_ + "/blob.part" : path, &base_},
                     counters_, [] { return true; });
  }
  // Answers requests that name a base.
  void Script(FakeServer::FetchScript script) {
    const std::lock_guard lock(server_.mutex);
    server_.fetch_script = std::move(script);
  }
  std::string Got() { return ReadFile(folder_ + "/blob.part", 1 << 20).value_or(""); }

  FakeServer server_;
  std::string folder_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  std::string held_;
  std::string blob_;
  UniqueFd base_fd_;
  FetchBase base_;
  FetchCounters counters_;
};

TEST_F(DeltaFetchTest, WhatChangedIsAllThatComes) {
  Script([this](const v1::FetchBlobRequest& request, Writer& writer) {
    EXPECT_EQ(request.base_sha256(), base_.sha256);
    SendCopy(writer, 0, 0, 40'000);
    SendData(writer, 40'000, "new");
    SendCopy(writer, 40'003, 40'000, 60'000);
    return grpc::Status::OK;
  });
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(Got(), blob_);
  EXPECT_EQ(counters_.bytes_copied, 100'000U);
  EXPECT_LT(counters_.bytes_fetched, 100U);
  EXPECT_EQ(counters_.deltas_refused, 0U);
}

TEST_F(DeltaFetchTest, AServerThatKnowsNoDeltasSendsTheWhole) {
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(Got(), blob_);
  EXPECT_EQ(counters_.bytes_copied, 0U);
  EXPECT_EQ(counters_.deltas_refused, 0U);
}

TEST_F(DeltaFetchTest, GoesOnWhereItWasCutAlsoWithinACopy) {
  std::vector<uint64_t> offsets;
  Script([&](const v1::FetchBlobRequest& request, Writer& writer) -> grpc::Status {
    offsets.push_back(request.offset());
    if (request.offset() == 0) {
      SendCopy(writer, 0, 0, 30'000);
      return {StatusCode::UNAVAILABLE, "cut"};
    }
    SendCopy(writer, 30'000, 30'000, 10'000);
    SendData(writer, 40'000, "new");
    if (offsets.size() == 2) return {StatusCode::UNAVAILABLE, "cut"};
    return grpc::Status::OK;
  });
  Script([&, first = server_.fetch_script](const v1::FetchBlobRequest& request, Writer& writer) {
    if (request.offset() < 40'003) return first(request, writer);
    offsets.push_back(request.offset());
    SendCopy(writer, 40'003, 40'000, 60'000);
    return grpc::Status::OK;
  });
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(Got(), blob_);
  EXPECT_EQ(offsets, (std::vector<uint64_t>{0, 30'000, 40'003}));
  EXPECT_EQ(counters_.deltas_refused, 0U);
}

TEST_F(DeltaFetchTest, WhateverIsWrongWithItTheWholeIsFetched) {
  const FakeServer::FetchScript cases[] = {
      [](const auto&, Writer& writer) {  // from beyond the base
        SendCopy(writer, 0, 0, 100'001);
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {
        SendCopy(writer, 0, UINT64_MAX - 5, 10);
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // one range over another
        SendCopy(writer, 0, 0, 40'000);
        SendData(writer, 39'000, "new");
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // larger than it may be
        SendCopy(writer, 0, 0, 100'000);
        SendCopy(writer, 100'000, 0, 4);
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // of the right size, and another blob
        SendCopy(writer, 0, 0, 100'000);
        SendCopy(writer, 100'000, 0, 3);
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // never comes to an end
        while (SendCopy(writer, 0, 0, 0)) {
        }
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // or not soon
        for (uint64_t at = 0; SendCopy(writer, at, at, 1); ++at) {
        }
        return grpc::Status::OK;
      },
      [](const auto&, Writer& writer) {  // only a part
        SendCopy(writer, 0, 0, 50'000);
        return grpc::Status(StatusCode::DATA_LOSS, "no more");
      },
      [](const auto&, Writer&) {  // has to be waited for too long
        return grpc::Status(StatusCode::DEADLINE_EXCEEDED, "later");
      }};
  uint64_t refused = 0;
  for (const FakeServer::FetchScript& script : cases) {
    Script(script);
    const absl::Status status = Fetch();
    ASSERT_TRUE(status.ok()) << refused << ": " << status;
    EXPECT_EQ(Got(), blob_) << refused;
    EXPECT_EQ(counters_.deltas_refused, ++refused);
    std::filesystem::remove(folder_ + "/blob.part");
  }
}

// Neither the delta nor, after it, the whole.
TEST_F(DeltaFetchTest, AFullDiskEndsIt) {
  Script([](const auto&, Writer& writer) {
    SendCopy(writer, 0, 0, 40'000);
    return grpc::Status::OK;
  });
  EXPECT_EQ(Fetch("/dev/full").code(), absl::StatusCode::kResourceExhausted);
  const std::lock_guard lock(server_.mutex);
  EXPECT_EQ(server_.fetch_offsets.size(), 1U);
  EXPECT_EQ(counters_.deltas_refused, 0U);
}

}  // namespace
}  // namespace shoumi::agent
