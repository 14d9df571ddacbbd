#include <grpcpp/generic/generic_stub.h>
#include <sqlite3.h>

#include <future>
#include <thread>

#include "common/crypto/crypto.h"
#include "rules/engine/database.h"
#include "server/rpc/testing/fixture.h"
#include "server/rpc/testing/test_agent.h"

namespace shoumi::server {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class SessionTest : public RpcTest {
 protected:
  struct Fetched {
    std::string bytes;
    absl::Status status;
  };
  Fetched Fetch(const Certificate& certificate, const std::string& sha256, uint64_t offset) const {
    const auto stub = v1::AgentService::NewStub(Connect(certificate));
    grpc::ClientContext context;
    SetDeadline(context);
    v1::FetchBlobRequest request;
    request.set_sha256(sha256);
    request.set_offset(offset);
    const auto reader = stub->FetchBlob(&context, request);
    Fetched fetched;
    v1::BlobChunk chunk;
    while (reader->Read(&chunk)) {
      EXPECT_EQ(chunk.offset(), offset + fetched.bytes.size());
      fetched.bytes += chunk.data();
    }
    fetched.status = FromGrpc(reader->Finish());
    return fetched;
  }

  uint64_t StoredIncidents() { return store->ListIncidents({})->total; }
  uint64_t StoredEvents() { return store->ListAgentEvents("", 0, 1000)->size(); }

  // How a session ends that sends these messages.
  absl::Status EndAfter(const Certificate& certificate,
                        const std::vector<v1::AgentMessage>& messages) const {
    TestAgent agent(Connect(certificate));
    for (const v1::AgentMessage& message : messages) agent.Send(message);
    return agent.End();
  }
};

// Keeps every writer of the store waiting.
class StoreLock {
 public:
  explicit StoreLock(const std::filesystem::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &connection_), SQLITE_OK);
    sqlite3_busy_timeout(connection_, 5000);
    EXPECT_EQ(sqlite3_exec(connection_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~StoreLock() { Release(); }
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;
  void Release() {
    sqlite3_close(connection_);  // rolls back
    connection_ = nullptr;
  }

 private:
  sqlite3* connection_ = nullptr;
};

v1::AgentMessage HeartbeatMessage() {
  v1::AgentMessage message;
  message.mutable_heartbeat()->mutable_state()->set_agent_version("1.0");
  return message;
}

v1::AgentMessage RecordsMessage(const std::vector<v1::SpoolRecord>& records) {
  v1::AgentMessage message;
  message.mutable_records();
  for (const v1::SpoolRecord& record : records) {
    *message.mutable_records()->add_records() = record;
  }
  return message;
}

v1::AgentMessage ResultMessage(uint64_t version, v1::PolicyResult::Outcome outcome) {
  v1::AgentMessage message;
  message.mutable_policy_result()->set_version(version);
  message.mutable_policy_result()->set_outcome(outcome);
  return message;
}

TEST_F(SessionTest, WhatBreaksTheProtocolEndsTheStreamWithASentence) {
  const TestDevice device = EnrolDevice();
  const v1::AgentMessage hello = HelloMessage(0);
  v1::AgentMessage stateless;
  stateless.mutable_hello()->set_hostname("pc-1");
  v1::AgentMessage beat_without_state;
  beat_without_state.mutable_heartbeat();
  auto large = hello;
  (*large.mutable_hello()->mutable_state()->mutable_counters())[std::string(70'000, 'c')] = 1;
  auto nameless_channel = hello;
  nameless_channel.mutable_hello()->mutable_state()->add_channels();
  auto huge_version = hello;
  huge_version.mutable_hello()->mutable_state()->set_policy_version(~0ULL);
  const auto in_force = v1::PolicyResult::OUTCOME_IN_FORCE;
  const struct {
    std::vector<v1::AgentMessage> messages;
    std::string_view sentence;
  } kCases[] = {
      {{HeartbeatMessage()}, "the first message must be Hello"},
      {{ResultMessage(1, in_force)}, "the first message must be Hello"},
      {{RecordsMessage({IncidentRecord(1)})}, "the first message must be Hello"},
      {{v1::AgentMessage()}, "without a known body"},
      {{hello, v1::AgentMessage()}, "without a known body"},
      {{hello, hello}, "a second Hello"},
      {{stateless}, "Hello without a state"},
      {{HelloMessage(0, std::string(254, 'h'))}, "hostname"},
      {{HelloMessage(0, "pc-1\nforged line")}, "hostname"},
      {{large}, "larger than 65536 bytes"},
      {{nameless_channel}, "a channel without name"},
      {{huge_version}, "out of range"},
      {{hello, beat_without_state}, "Heartbeat without a state"},
      {{hello, ResultMessage(0, in_force)}, "without a valid version"},
      {{hello, ResultMessage(1, v1::PolicyResult::OUTCOME_UNSPECIFIED)}, "outcome"},
      {{hello, ResultMessage(1, static_cast<v1::PolicyResult::Outcome>(9))}, "outcome"},
  };
  for (const auto& c : kCases) {
    const auto status = EndAfter(device.certificate, c.messages);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.sentence << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(c.sentence)));
  }
  EXPECT_EQ(StoredIncidents(), 0U);
  EXPECT_TRUE(WaitFor([this] { return fleet->connected() == 0; }));
}

TEST_F(SessionTest, BytesThatAreNoMessageGetTheirOwnSentence) {
  const TestDevice device = EnrolDevice();
  auto not_utf8 = HelloMessage(0).SerializeAsString();
  not_utf8.replace(not_utf8.find("pc-1"), 1, "\xff");
  for (const std::string& bytes : {std::string("\xff\xff\xff rubbish"), not_utf8}) {
    grpc::GenericStub stub(Connect(device.certificate));
    grpc::ClientContext context;
    SetDeadline(context);
    grpc::CompletionQueue queue;
    void* tag = nullptr;
    bool ok = false;
    const auto call = stub.PrepareCall(&context, "/shoumi.v1.AgentService/Session", &queue);
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    const grpc::Slice slice(bytes);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    queue.Next(&tag, &ok);
    grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("not valid protobuf"));
  }
}

TEST_F(SessionTest, APolicyReachesEveryAgentAndEachSaysWhatIsInForce) {
  const TestDevice one = EnrolDevice("pc-1");
  const TestDevice two = EnrolDevice("pc-2");
  const std::string token = AdminToken();
  TestAgent first(Connect(one.certificate));
  TestAgent second(Connect(two.certificate));
  ASSERT_TRUE(first.Greet());
  ASSERT_TRUE(second.Greet());
  const auto applied = ApplyPolicy(starter, token).value();
  ASSERT_EQ(applied.version(), 1U);
  EXPECT_EQ(applied.connected_agents(), 2U);

  v1::PolicyOffer offer;
  for (TestAgent* agent : {&first, &second}) {
    offer = agent->Next().policy();
    EXPECT_EQ(offer.version(), 1U);
    const auto fetched = Fetch(one.certificate, offer.sha256(), 0);
    EXPECT_TRUE(fetched.status.ok());
    EXPECT_EQ(fetched.bytes.size(), offer.size_bytes());
    EXPECT_EQ(crypto::Sha256Hex(fetched.bytes), offer.sha256());
  }
  EXPECT_EQ(Device(one.device_id, token).offered_version(), 1U);
  EXPECT_EQ(Device(one.device_id, token).policy_version(), 0U);

  ASSERT_TRUE(first.SendResult(1, v1::PolicyResult::OUTCOME_IN_FORCE));
  // Longer than what is kept, and cut in the middle of a character if one is not careful.
  std::string why = "P102 at line 3 ";
  while (why.size() < 2000) why += "错";
  ASSERT_TRUE(second.SendResult(1, v1::PolicyResult::OUTCOME_REFUSED, why));
  EXPECT_TRUE(WaitFor([&] { return Device(one.device_id, token).policy_version() == 1; }));
  EXPECT_TRUE(WaitFor([&] { return !Device(two.device_id, token).policy_error().empty(); }));
  const auto refused = Device(two.device_id, token);
  EXPECT_EQ(refused.policy_version(), 0U);
  EXPECT_THAT(refused.policy_error(), HasSubstr("P102 at line 3 错"));
  EXPECT_LE(refused.policy_error().size(), 1024U);
  EXPECT_TRUE(refused.connected());

  // The next one that both can use clears the error; nobody is offered what it has.
  ASSERT_EQ(ApplyPolicy(starter, token)->version(), 2U);
  EXPECT_EQ(first.Next().policy().version(), 2U);
  EXPECT_EQ(second.Next().policy().version(), 2U);
  ASSERT_TRUE(second.SendResult(2, v1::PolicyResult::OUTCOME_IN_FORCE));
  EXPECT_TRUE(WaitFor([&] { return Device(two.device_id, token).policy_error().empty(); }));
  EXPECT_EQ(Device(two.device_id, token).policy_version(), 2U);

  TestAgent late(Connect(EnrolDevice("pc-3").certificate));
  ASSERT_TRUE(late.Greet());
  EXPECT_EQ(late.Next().policy().version(), 2U);
  TestAgent current(Connect(EnrolDevice("pc-4").certificate));
  ASSERT_TRUE(current.Greet(2));
  ASSERT_TRUE(current.Send({EventRecord(1)}));
  EXPECT_TRUE(current.Next().has_ack()) << "an offer of what is in force already";
}

TEST_F(SessionTest, ABlobIsFetchedFromAnyOffset) {
  bounds.chunk_bytes = 1000;
  StopServer();
  StartServer();
  const TestDevice device = EnrolDevice();
  ASSERT_TRUE(ApplyPolicy(starter, AdminToken()).ok());
  const std::string& bytes = policy->Current()->bytes;
  const std::string& sha256 = policy->Current()->sha256;
  ASSERT_GT(bytes.size(), 3 * bounds.chunk_bytes);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{bounds.chunk_bytes},
                                uint64_t{bytes.size() - 1}, uint64_t{bytes.size()}}) {
    const auto fetched = Fetch(device.certificate, sha256, offset);
    EXPECT_TRUE(fetched.status.ok()) << fetched.status;
    EXPECT_EQ(fetched.bytes, bytes.substr(offset)) << offset;
  }
  EXPECT_EQ(Fetch(device.certificate, sha256, bytes.size() + 1).status.code(),
            StatusCode::kOutOfRange);
  EXPECT_EQ(Fetch(device.certificate, sha256, ~0ULL).status.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Fetch(device.certificate, "", 0).status.code(), StatusCode::kNotFound);
}

TEST_F(SessionTest, RecordsAreAcknowledgedWhenDurableAndStoredOnce) {
  const TestDevice device = EnrolDevice();
  const std::vector<v1::SpoolRecord> batch = {IncidentRecord(1), EventRecord(2), IncidentRecord(3)};
  {
    TestAgent agent(Connect(device.certificate));
    ASSERT_TRUE(agent.Greet());
    StoreLock lock(folder / "store.db");
    ASSERT_TRUE(agent.Send(batch));
    auto ack = std::async(std::launch::async, [&] { return agent.Next(); });
    EXPECT_EQ(ack.wait_for(milliseconds(300)), std::future_status::timeout)
        << "acknowledged before it was stored";
    lock.Release();
    EXPECT_EQ(ack.get().ack().sequence(), 3U);
    EXPECT_EQ(StoredIncidents(), 2U);
    EXPECT_EQ(StoredEvents(), 1U);
  }
  // The acknowledgement was lost: the agent sends again, with more.
  TestAgent again(Connect(device.certificate));
  ASSERT_TRUE(again.Greet());
  ASSERT_TRUE(again.Send(batch));
  EXPECT_EQ(again.Next().ack().sequence(), 3U);
  ASSERT_TRUE(again.Send({batch[2], IncidentRecord(4)}));
  EXPECT_EQ(again.Next().ack().sequence(), 4U);
  EXPECT_EQ(StoredIncidents(), 3U);
  EXPECT_EQ(StoredEvents(), 1U);
  EXPECT_EQ(ingest->counters().duplicates, 4U);
}

TEST_F(SessionTest, ABadBatchIsRefusedAsAWhole) {
  bounds.records.batch_records_max = 3;
  bounds.records.record_bytes_max = 4096;
  StopServer();
  StartServer();
  const TestDevice device = EnrolDevice();
  auto timeless = IncidentRecord(2);
  timeless.mutable_incident()->mutable_event()->clear_time();
  auto large = IncidentRecord(2);
  large.mutable_incident()->mutable_event()->set_content_name(std::string(5000, 'n'));
  const struct {
    std::vector<v1::SpoolRecord> records;
    std::string_view sentence;
  } kCases[] = {
      {{}, "a batch without records"},
      {{IncidentRecord(1), IncidentRecord(2), IncidentRecord(3), IncidentRecord(4)}, "more than 3"},
      {{IncidentRecord(1), timeless}, "record 2: the event has no valid time"},
      {{IncidentRecord(1), large}, "record 2: larger than 4096 bytes"},
      {{IncidentRecord(2), IncidentRecord(1)}, "must ascend"},
      {{IncidentRecord(1), IncidentRecord(1)}, "must ascend"},
      {{IncidentRecord(0)}, "without sequence"},
      {{IncidentRecord(1), IncidentRecord(~0ULL)}, "beyond what the store can count"},
  };
  for (const auto& c : kCases) {
    const auto status = EndAfter(device.certificate, {HelloMessage(0), RecordsMessage(c.records)});
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.sentence << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(c.sentence)));
    EXPECT_EQ(StoredIncidents(), 0U) << c.sentence;
  }
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet());
  ASSERT_TRUE(agent.Send({IncidentRecord(1), IncidentRecord(2), IncidentRecord(3)}));
  EXPECT_EQ(agent.Next().ack().sequence(), 3U);
}

TEST_F(SessionTest, AMessageBeyondTheBoundDoesNotReachTheServer) {
  const TestDevice device = EnrolDevice();
  auto large = IncidentRecord(1);
  large.mutable_incident()->mutable_event()->set_content_name(
      std::string(bounds.message_bytes_max + 1, 'n'));
  EXPECT_EQ(EndAfter(device.certificate, {HelloMessage(0), RecordsMessage({large})}).code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(StoredIncidents(), 0U);
}

TEST_F(SessionTest, TooManyHeartbeatsEndTheSession) {
  bounds.control_messages_per_minute_max = 5;
  StopServer();
  StartServer();
  const TestDevice device = EnrolDevice();
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(agent.Send(HeartbeatMessage()));
  // An acknowledgement shows that all before it were taken.
  ASSERT_TRUE(agent.Send({EventRecord(1)}));
  ASSERT_TRUE(agent.Next().has_ack());
  agent.Send(HeartbeatMessage());
  EXPECT_EQ(agent.End().code(), StatusCode::kResourceExhausted);
}

TEST_F(SessionTest, ASecondSessionOfADeviceTakesOver) {
  const TestDevice device = EnrolDevice();
  TestAgent first(Connect(device.certificate));
  ASSERT_TRUE(first.Greet());
  TestAgent second(Connect(device.certificate));
  ASSERT_TRUE(second.Greet());
  EXPECT_EQ(first.End().code(), StatusCode::kAborted);
  EXPECT_EQ(fleet->counters().superseded, 1U);
  ASSERT_TRUE(second.Send({EventRecord(1)}));
  EXPECT_TRUE(second.Next().has_ack());
  EXPECT_EQ(fleet->connected(), 1U);
}

TEST_F(SessionTest, ASilentSessionEnds) {
  const TestDevice device = EnrolDevice();
  TestAgent mute(Connect(device.certificate));
  ASSERT_TRUE(mute.Greet());
  clock.Advance(FleetOptions{}.idle_max);
  EXPECT_EQ(mute.End().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(WaitFor([this] { return fleet->connected() == 0; }));
}

TEST_F(SessionTest, StoppingStoresAndAcknowledgesTheBatchInWork) {
  const TestDevice device = EnrolDevice();
  TestAgent busy(Connect(device.certificate));
  TestAgent idle(Connect(EnrolDevice("pc-2").certificate));
  ASSERT_TRUE(busy.Greet());
  ASSERT_TRUE(idle.Greet());
  ASSERT_TRUE(busy.Send({EventRecord(1)}));
  ASSERT_TRUE(busy.Next().has_ack());
  const auto last_seen = [&] {
    DeviceRow row;
    row.device_id = device.device_id;
    fleet->Overlay(row);
    return row.last_seen;
  };
  const auto before = last_seen();
  StoreLock lock(folder / "store.db");
  const auto record = IncidentRecord(2);
  ASSERT_TRUE(busy.Send({record}));
  ASSERT_TRUE(WaitFor([&] { return last_seen() > before; }));
  auto ack = std::async(std::launch::async, [&] { return busy.Next(); });
  EXPECT_EQ(ack.wait_for(milliseconds(300)), std::future_status::timeout);
  std::thread stopping([this] { StopServer(); });
  lock.Release();
  EXPECT_EQ(ack.get().ack().sequence(), 2U);
  EXPECT_EQ(busy.End().code(), StatusCode::kUnavailable);
  EXPECT_EQ(idle.End().code(), StatusCode::kUnavailable);
  stopping.join();
  StartServer();
  EXPECT_TRUE(store->GetIncidentById(record.incident().incident_id()).ok());
}

TEST_F(SessionTest, AnAgentThatDoesNotReadCannotHoldUpAStop) {
  const TestDevice device = EnrolDevice();
  PolicyFiles padded{"starter.yaml", starter,
                     rules::ReadPacks(SHOUMI_SOURCE_DIR "/rules/packs").value()};
  for (int i = 0; i < 30'000; ++i) padded.packs[0].mutable_yaml()->append("# padding\n");
  const auto applied = policy->Apply(padded, "admin");
  ASSERT_TRUE(applied.ok() && applied->bundle != nullptr);
  // More than HTTP/2 sends without being asked for more (RFC 9113, 6.9.2).
  ASSERT_GT(policy->Current()->bytes.size(), 65'535U + bounds.chunk_bytes);
  const auto stub = v1::AgentService::NewStub(Connect(device.certificate));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::BlobChunk>>> unread;
  v1::FetchBlobRequest request;
  request.set_sha256(policy->Current()->sha256);
  for (uint32_t i = 0; i < bounds.streams_per_connection_max - 1; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    unread.push_back(stub->FetchBlob(contexts.back().get(), request));
  }
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet());
  const auto start = std::chrono::steady_clock::now();
  server->Stop(milliseconds(500));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
  EXPECT_EQ(agent.End().code(), StatusCode::kUnavailable);
  for (size_t i = 0; i < unread.size(); ++i) {
    contexts[i]->TryCancel();
    v1::BlobChunk chunk;
    while (unread[i]->Read(&chunk)) {
    }
    (void)unread[i]->Finish();
  }
}

}  // namespace
}  // namespace shoumi::server
