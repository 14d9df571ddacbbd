#include <chrono>
#include <functional>
#include <string>

#include "common/crypto/crypto.h"
#include "fmt/format.h"
#include "server/rpc/testing/fixture.h"

namespace shoumi::server {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using Stub = v1::OperatorService::Stub;

constexpr char kSpec[] =
    "registry: clients\ncolumns:\n  - {head: name, type: name}\n  - {head: phone, type: phone}\n";
constexpr char kTable[] = "name,phone\n深圳市鑫瑞科技有限公司,13800138000\n";

class RegistryRpcTest : public RpcTest {
 protected:
  struct Answer {
    absl::Status status;
    v1::ImportRegistryResponse response;
  };
  using Writer = grpc::ClientWriter<v1::ImportRegistryRequest>;

  // `send` writes what it likes.
  Answer Import(std::string_view token, const std::function<void(Writer&)>& send) {
    const auto stub = v1::OperatorService::NewStub(Connect());
    grpc::ClientContext context;
    SetDeadline(context);
    if (!token.empty()) SetToken(context, token);
    Answer answer;
    const auto writer = stub->ImportRegistry(&context, &answer.response);
    send(*writer);
    writer->WritesDone();
    answer.status = FromGrpc(writer->Finish());
    return answer;
  }

  struct Fetched {
    absl::Status status;
    std::string blob;  // from the offset on
    uint64_t message_bytes = 0;
  };
  // As an agent does that has `held`.
  Fetched FetchFrom(const TestDevice& device, const std::string& sha256, const std::string& base,
                    uint64_t offset, const std::string& held) {
    const auto stub = v1::AgentService::NewStub(Connect(device.certificate));
    grpc::ClientContext context;
    SetDeadline(context);
    v1::FetchBlobRequest request;
    request.set_sha256(sha256);
    request.set_base_sha256(base);
    request.set_offset(offset);
    const auto reader = stub->FetchBlob(&context, request);
    v1::BlobChunk chunk;
    Fetched fetched;
    while (reader->Read(&chunk)) {
      EXPECT_EQ(chunk.offset(), offset + fetched.blob.size());
      EXPECT_NE(chunk.data().empty(), chunk.copy_bytes() == 0);
      fetched.message_bytes += chunk.ByteSizeLong();
      fetched.blob += chunk.data();
      if (chunk.copy_bytes() > 0)
        fetched.blob += held.substr(chunk.copy_offset(), chunk.copy_bytes());
    }
    fetched.status = FromGrpc(reader->Finish());
    return fetched;
  }

  static v1::ImportRegistryRequest Head() {
    v1::ImportRegistryRequest request;
    request.mutable_head()->set_file("clients.csv");
    request.mutable_head()->set_spec_file("clients.yaml");
    request.mutable_head()->set_spec_yaml(kSpec);
    return request;
  }
  static v1::ImportRegistryRequest Piece(std::string_view csv) {
    v1::ImportRegistryRequest request;
    request.set_csv(std::string(csv));
    return request;
  }
  Answer ImportTable(std::string_view token, std::string_view table) {
    return Import(token, [&](Writer& writer) {
      writer.Write(Head());
      writer.Write(Piece(table.substr(0, table.size() / 2)));
      writer.Write(Piece(table.substr(table.size() / 2)));
    });
  }
};

TEST_F(RegistryRpcTest, ATableIsImportedListedFetchedAndRemoved) {
  const std::string token = AdminToken();
  ASSERT_TRUE(ApplyPolicy(starter, token)->ok());
  const Answer answer = ImportTable(token, kTable);
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_TRUE(answer.response.ok());
  EXPECT_EQ(answer.response.rows(), 1U);
  EXPECT_EQ(answer.response.policy_version(), 2U);
  const auto listed = Operate(&Stub::ListRegistries, v1::ListRegistriesRequest(), token);
  ASSERT_EQ(listed->registries_size(), 1);
  EXPECT_EQ(listed->registries(0).author(), "admin");
  EXPECT_EQ(listed->registries(0).columns(1).type(), "phone");

  const v1::Registry head = policy->Current()->registries.at(0);
  const TestDevice device = EnrolDevice();
  const auto stub = v1::AgentService::NewStub(Connect(device.certificate));
  std::string index;
  for (const uint64_t offset : {uint64_t{0}, head.size_bytes() - 1, head.size_bytes()}) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::FetchBlobRequest request;
    request.set_sha256(head.sha256());
    request.set_offset(offset);
    const auto reader = stub->FetchBlob(&context, request);
    v1::BlobChunk chunk;
    size_t bytes = 0;
    while (reader->Read(&chunk)) {
      bytes += chunk.data().size();
      if (offset == 0) index += chunk.data();
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(bytes, head.size_bytes() - offset);
  }
  EXPECT_EQ(crypto::Sha256Hex(index), head.sha256());

  v1::RemoveRegistryRequest remove;
  remove.set_name("clients");
  EXPECT_EQ(Operate(&Stub::RemoveRegistry, remove, token)->policy_version(), 3U);
  EXPECT_EQ(Operate(&Stub::RemoveRegistry, remove, token).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(log.text().find("鑫瑞"), std::string::npos);
}

// Twenty thousand clients, then ten of them with another telephone: sent as what changed, from any
// offset, to any number of agents, and made once.
TEST_F(RegistryRpcTest, AnAgentThatHasTheVersionBeforeGetsWhatChanged) {
  const std::string token = AdminToken();
  ASSERT_TRUE(ApplyPolicy(starter, token)->ok());
  const auto table = [](int changed) {
    std::string rows = "name,phone\n";
    for (int i = 0; i < 20'000; ++i) {
      rows += fmt::format("客户{}号鑫瑞科技有限公司,{}\n", i,
                          13800000000 + i + (i < changed ? 50'000 : 0));
    }
    return rows;
  };
  const TestDevice device = EnrolDevice();
  ASSERT_TRUE(ImportTable(token, table(0)).response.ok());
  const v1::Registry first = policy->Current()->registries.at(0);
  const Fetched whole = FetchFrom(device, first.sha256(), "", 0, "");
  ASSERT_TRUE(ImportTable(token, table(10)).response.ok());
  const v1::Registry second = policy->Current()->registries.at(0);
  EXPECT_EQ(first.key(), second.key());
  ASSERT_NE(first.sha256(), second.sha256());

  const Fetched delta = FetchFrom(device, second.sha256(), first.sha256(), 0, whole.blob);
  ASSERT_TRUE(delta.status.ok()) << delta.status;
  EXPECT_EQ(crypto::Sha256Hex(delta.blob), second.sha256());
  EXPECT_LT(delta.message_bytes, second.size_bytes() / 50);
  for (uint64_t offset = 0; offset <= second.size_bytes(); offset += 17'777) {
    const Fetched rest = FetchFrom(device, second.sha256(), first.sha256(), offset, whole.blob);
    ASSERT_EQ(rest.blob, delta.blob.substr(offset)) << offset;
  }
  EXPECT_EQ(deltas->counters().deltas_made, 1U);
  EXPECT_GT(deltas->counters().bytes_copied, second.size_bytes() / 2);

  // A base that is no version of it, or none at all: the whole.
  for (const std::string& base : {std::string("x"), std::string(64, 'a'), second.sha256()}) {
    const Fetched all = FetchFrom(device, second.sha256(), base, 0, delta.blob);
    EXPECT_EQ(crypto::Sha256Hex(all.blob), second.sha256());
  }
  // An old version is there to be copied from, and not to be fetched. Thousands of chunks now, more
  // than gRPC holds back at once.
  ASSERT_TRUE(ImportTable(token, table(700)).response.ok());
  EXPECT_EQ(FetchFrom(device, first.sha256(), "", 0, "").status.code(), StatusCode::kNotFound);
  const v1::Registry third = policy->Current()->registries.at(0);
  const Fetched over_two = FetchFrom(device, third.sha256(), first.sha256(), 0, whole.blob);
  EXPECT_EQ(crypto::Sha256Hex(over_two.blob), third.sha256());
  EXPECT_LT(over_two.message_bytes, third.size_bytes() / 2);
  EXPECT_GT(over_two.message_bytes, 70'000U);
}

TEST_F(RegistryRpcTest, ADeltaThatMayNotBeMadeIsTheWhole) {
  StopServer();
  delta_options.blob_bytes_max = 1000;
  StartServer();
  const std::string token = AdminToken();
  ASSERT_TRUE(ApplyPolicy(starter, token)->ok());
  const TestDevice device = EnrolDevice();
  ASSERT_TRUE(ImportTable(token, kTable).response.ok());
  const v1::Registry first = policy->Current()->registries.at(0);
  const Fetched whole = FetchFrom(device, first.sha256(), "", 0, "");
  ASSERT_TRUE(
      ImportTable(token, std::string(kTable) + "杭州云栖网络有限公司,13900139000\n").response.ok());
  const v1::Registry second = policy->Current()->registries.at(0);
  const Fetched all = FetchFrom(device, second.sha256(), first.sha256(), 0, whole.blob);
  EXPECT_EQ(crypto::Sha256Hex(all.blob), second.sha256());
  EXPECT_GT(all.message_bytes, second.size_bytes());
  EXPECT_EQ(deltas->counters().deltas_made, 0U);
  EXPECT_EQ(deltas->counters().deltas_refused, 1U);
}

TEST_F(RegistryRpcTest, BadRowsComeBackWithLineAndColumn) {
  const Answer answer = ImportTable(AdminToken(), "name,phone\n甲乙丙丁,12\n");
  ASSERT_TRUE(answer.status.ok());
  EXPECT_FALSE(answer.response.ok());
  ASSERT_EQ(answer.response.problems_size(), 2);
  EXPECT_EQ(answer.response.problems(1).file(), "clients.csv");
  EXPECT_EQ(answer.response.problems(1).line(), 2U);
  EXPECT_EQ(answer.response.problems(1).column(), "phone");
}

TEST_F(RegistryRpcTest, WhoMayNotOrBreaksTheProtocolIsRefused) {
  EXPECT_EQ(ImportTable("", kTable).status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(ImportTable("stranger", kTable).status.code(), StatusCode::kUnauthenticated);
  const std::string first = Login("admin", one_time)->token();
  EXPECT_EQ(ImportTable(first, kTable).status.code(), StatusCode::kFailedPrecondition);
  const std::string token = AdminToken();
  EXPECT_THAT(std::string(Import(token, [](Writer&) {}).status.message()),
              HasSubstr("no table came"));
  EXPECT_THAT(
      std::string(Import(token, [](Writer& w) { w.Write(Piece("name")); }).status.message()),
      HasSubstr("a table comes after its head"));
  EXPECT_THAT(std::string(Import(token,
                                 [](Writer& w) {
                                   w.Write(Head());
                                   w.Write(Head());
                                 })
                              .status.message()),
              HasSubstr("a second head"));
  // None of them holds up the next.
  EXPECT_TRUE(ImportTable(token, kTable).response.ok());
}

TEST_F(RegistryRpcTest, ATableThatStopsComingEndsAndFreesTheWay) {
  StopServer();
  bounds.import_idle_ms_max = 200;
  StartServer();
  const std::string token = AdminToken();
  const auto stub = v1::OperatorService::NewStub(Connect());
  grpc::ClientContext context;
  SetDeadline(context);
  SetToken(context, token);
  v1::ImportRegistryResponse response;
  const auto writer = stub->ImportRegistry(&context, &response);
  EXPECT_TRUE(writer->Write(Head()));
  EXPECT_EQ(FromGrpc(writer->Finish()).code(), StatusCode::kCancelled);  // nothing more came
  EXPECT_TRUE(WaitFor([&] { return ImportTable(token, kTable).response.ok(); }));
}

}  // namespace
}  // namespace shoumi::server
