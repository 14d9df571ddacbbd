#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "common/ids.h"
#include "server/incidents/ingest.h"
#include "server/incidents/records.h"
#include "shoumi/v1/agent_service.pb.h"

namespace shoumi::server {
namespace {

using testing::HasSubstr;

v1::SpoolRecord Incident(uint64_t sequence) {
  v1::SpoolRecord record;
  record.set_sequence(sequence);
  v1::Incident& incident = *record.mutable_incident();
  incident.set_incident_id(NewUuid());
  incident.mutable_event()->set_event_id(NewUuid());
  *incident.mutable_event()->mutable_time() = ToProtoTime(std::chrono::system_clock::now());
  incident.mutable_event()->set_channel(v1::CHANNEL_USB);
  incident.mutable_event()->mutable_user()->set_name("li");
  incident.mutable_verdict()->set_action(v1::ACTION_BLOCK);
  incident.mutable_verdict()->set_basis(v1::VERDICT_BASIS_RULE);
  incident.mutable_verdict()->set_rule("marking");
  incident.mutable_verdict()->set_severity(v1::SEVERITY_HIGH);
  incident.set_level(v1::LEVEL_TOP_SECRET);
  return record;
}

v1::SpoolRecord Event(uint64_t sequence) {
  v1::SpoolRecord record;
  record.set_sequence(sequence);
  record.mutable_event()->set_event_id(NewUuid());
  *record.mutable_event()->mutable_time() = ToProtoTime(std::chrono::system_clock::now());
  record.mutable_event()->set_kind(v1::AgentEvent::KIND_DEVICE_GUARDED);
  return record;
}

std::string Problem(const std::vector<v1::SpoolRecord>& records, RecordBounds bounds = {}) {
  const auto rows = ToRows(records, "device", WallTime(), bounds);
  if (rows.ok()) return "accepted";
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(rows.status().message());
}

TEST(Records, BecomeRowsWithNames) {
  const auto rows =
      ToRows(std::vector<v1::SpoolRecord>{Incident(7), Event(8)}, "device", WallTime(), {}).value();
  ASSERT_EQ(rows.records.size(), 2U);
  EXPECT_EQ(rows.records[0].channel, "usb");
  EXPECT_EQ(rows.records[0].action, "block");
  EXPECT_EQ(rows.records[0].severity, "high");
  EXPECT_EQ(rows.records[0].level, "top_secret");
  EXPECT_EQ(rows.records[0].user, "li");
  EXPECT_EQ(rows.records[1].event_kind, "device_guarded");
  EXPECT_EQ(rows.records[1].sequence, 8U);
}

TEST(Records, AnIncidentWithoutLevelOrSeverityIsAccepted) {
  auto record = Incident(1);
  record.mutable_incident()->set_level(v1::LEVEL_UNSPECIFIED);
  record.mutable_incident()->mutable_verdict()->set_severity(v1::SEVERITY_UNSPECIFIED);
  const auto rows = ToRows(std::vector<v1::SpoolRecord>{record}, "device", WallTime(), {}).value();
  EXPECT_EQ(rows.records[0].level, "none");
  EXPECT_EQ(rows.records[0].severity, "");
}

TEST(Records, LongTextIsCutForListsOnly) {
  auto record = Incident(1);
  auto& event = *record.mutable_incident()->mutable_event();
  event.set_content_name(std::string(511, 'n') + "密");
  event.mutable_user()->set_name(std::string(600, 'u'));
  const auto row = ToRow(record, {}).value();
  EXPECT_EQ(row.content_name, std::string(511, 'n'));
  EXPECT_EQ(row.user.size(), 512U);
  EXPECT_EQ(row.body, record.incident().SerializeAsString());
}

TEST(Records, HostileOnesAreRefusedWithOneSentence) {
  auto record = Incident(1);
  record.mutable_incident()->mutable_event()->set_channel(v1::CHANNEL_UNSPECIFIED);
  EXPECT_EQ(Problem({record}), "record 1: the event's channel is unspecified or unknown");
  record = Incident(2);
  record.mutable_incident()->mutable_event()->set_channel(static_cast<v1::Channel>(77));
  EXPECT_THAT(Problem({record}), HasSubstr("channel"));
  record = Incident(2);
  record.mutable_incident()->mutable_verdict()->set_action(v1::ACTION_UNSPECIFIED);
  EXPECT_THAT(Problem({record}), HasSubstr("action"));
  record = Incident(2);
  record.mutable_incident()->mutable_verdict()->clear_basis();
  EXPECT_THAT(Problem({record}), HasSubstr("basis"));
  record = Incident(2);
  record.mutable_incident()->set_incident_id("1; DROP TABLE incidents");
  EXPECT_THAT(Problem({record}), HasSubstr("UUID"));
  record = Incident(2);
  record.mutable_incident()->clear_event();
  EXPECT_THAT(Problem({record}), HasSubstr("no event"));
  record = Incident(2);
  record.mutable_incident()->clear_verdict();
  EXPECT_THAT(Problem({record}), HasSubstr("no verdict"));
  record = Incident(2);
  record.mutable_incident()->mutable_event()->mutable_time()->set_seconds(1LL << 60);
  EXPECT_THAT(Problem({record}), HasSubstr("time"));
  record = Incident(2);
  record.mutable_incident()->add_unscanned();
  EXPECT_THAT(Problem({record}), HasSubstr("unscanned"));
  record = Incident(2);
  record.mutable_incident()->add_findings();
  EXPECT_THAT(Problem({record}), HasSubstr("finding"));
  record = Event(3);
  record.mutable_event()->set_detail(std::string(70'000, 'd'));
  EXPECT_THAT(Problem({record}), HasSubstr("larger than 65536 bytes"));
  record = Event(3);
  record.mutable_event()->clear_kind();
  EXPECT_THAT(Problem({record}), HasSubstr("kind"));
  record = Event(3);
  record.mutable_event()->clear_event_id();
  EXPECT_THAT(Problem({record}), HasSubstr("UUID"));
  record = Event(3);
  record.clear_body();
  EXPECT_THAT(Problem({record}), HasSubstr("neither"));
}

TEST(Records, SequencesMustAscend) {
  EXPECT_EQ(Problem({Incident(5), Incident(5)}),
            "record 5 comes after record 5: sequences must ascend");
  EXPECT_THAT(Problem({Incident(5), Event(4)}), HasSubstr("ascend"));
  EXPECT_THAT(Problem({Incident(0)}), HasSubstr("without sequence"));
  EXPECT_THAT(Problem({Incident(~0ULL)}), HasSubstr("beyond"));
  EXPECT_EQ(Problem({Incident(5), Event(9)}), "accepted");  // a gap is counted by the store
}

TEST(Records, BoundsAreHeld) {
  EXPECT_THAT(Problem({}), HasSubstr("without records"));
  RecordBounds bounds;
  bounds.batch_records_max = 2;
  EXPECT_THAT(Problem({Incident(1), Incident(2), Incident(3)}, bounds), HasSubstr("more than 2"));
  bounds.record_bytes_max = 10;
  EXPECT_THAT(Problem({Incident(1)}, bounds), HasSubstr("larger than 10 bytes"));
}

class IngestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_in_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    const WallTime now = std::chrono::system_clock::now();
    ASSERT_TRUE(store_->AddEnrolmentToken({"t", now, now + std::chrono::hours(1), "a", ""}).ok());
    DeviceRow device;
    device.device_id = "d";
    ASSERT_TRUE(store_->EnrolDevice("t", now, device, {"1", "d", now, now}).ok());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  static RecordBatchRows Batch(const char* device, uint64_t first, uint64_t count) {
    std::vector<v1::SpoolRecord> records;
    for (uint64_t i = 0; i < count; ++i) records.push_back(Incident(first + i));
    return ToRows(records, device, WallTime(), {}).value();
  }
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(IngestTest, AnswersEveryBatchAfterItIsDurable) {
  RecordIngest ingest(*store_, {});
  std::atomic<int> answered = 0;
  for (uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(ingest
                    .Submit(Batch("d", 1 + i * 10, 10),
                            [&](const absl::Status& status) {
                              EXPECT_TRUE(status.ok()) << status;
                              ++answered;
                            })
                    .ok());
  }
  ingest.Stop();
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(store_->ListIncidents({})->total, 500U);
  EXPECT_EQ(ingest.counters().incidents, 500U);
  EXPECT_EQ(ingest.counters().batches, 50U);
  EXPECT_EQ(ingest.Submit(Batch("d", 501, 1), [](const absl::Status&) {}).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(IngestTest, AnUnknownDeviceDoesNotHurtTheOthers) {
  RecordIngest ingest(*store_, {});
  std::promise<absl::Status> known;
  std::promise<absl::Status> unknown;
  ASSERT_TRUE(ingest.Submit(Batch("x", 1, 1), [&](const auto& s) { unknown.set_value(s); }).ok());
  ASSERT_TRUE(ingest.Submit(Batch("d", 1, 1), [&](const auto& s) { known.set_value(s); }).ok());
  EXPECT_EQ(unknown.get_future().get().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(known.get_future().get().ok());
}

TEST_F(IngestTest, TheQueueHasBounds) {
  IngestOptions options;
  options.queued_bytes_max = 10;
  RecordIngest ingest(*store_, options);
  EXPECT_EQ(ingest.Submit(Batch("d", 1, 1), [](const absl::Status&) {}).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ingest.counters().refused, 1U);
}

}  // namespace
}  // namespace shoumi::server
