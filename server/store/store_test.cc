#include "server/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "fmt/format.h"
#include "server/store/migrations.h"

namespace shoumi::server {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

const WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));
constexpr char kToken[] = "aa11";

// The contract of Store. Every implementation runs it; a factory opens the store below `folder`,
// a second time to see what is durable.
struct Implementation {
  const char* name;
  absl::StatusOr<std::unique_ptr<Store>> (*open)(const std::string& folder);
};

void PrintTo(const Implementation& implementation, std::ostream* out) {
  *out << implementation.name;
}

class StoreContract : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_store_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Reopen() {
    store_.reset();
    auto opened = GetParam().open(folder_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = std::move(*opened);
  }
  void AddDevice(const std::string& id) {
    const std::string token = "token of " + id;
    ASSERT_TRUE(store_->AddEnrolmentToken({token, kNow, kNow + hours(1), "admin", "note"}).ok());
    DeviceRow device;
    device.device_id = id;
    device.hostname = "host-" + id;
    device.enrolled = kNow;
    ASSERT_TRUE(
        store_->EnrolDevice(token, kNow, device, {"serial " + id, id, kNow, kNow + hours(1)}).ok());
  }
  static RecordRow Incident(uint64_t sequence, const std::string& id) {
    RecordRow row;
    row.sequence = sequence;
    row.id = id;
    row.time = kNow;
    row.body = std::string("body\0", 5) + id;
    row.user = "li";
    row.channel = "usb";
    row.action = "block";
    row.rule = "marking";
    row.severity = "high";
    row.level = "secret";
    row.content_name = "报价.docx";
    return row;
  }
  static RecordRow Event(uint64_t sequence, const std::string& id) {
    RecordRow row;
    row.kind = RecordRow::Kind::kAgentEvent;
    row.sequence = sequence;
    row.id = id;
    row.time = kNow;
    row.body = "event body";
    row.event_kind = "started";
    return row;
  }
  static RecordRow Request(uint64_t sequence, const std::string& id) {
    RecordRow row;
    row.kind = RecordRow::Kind::kReleaseRequest;
    row.sequence = sequence;
    row.id = id;
    row.time = kNow;
    row.body = "request " + id;
    return row;
  }
  BatchOutcome Add(const std::string& device, std::vector<RecordRow> records) {
    auto outcome = store_->AddRecords({{device, kNow, std::move(records)}});
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? outcome->front() : BatchOutcome{};
  }

  std::string folder_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, TokenIsUsedUpOnce) {
  ASSERT_TRUE(store_->AddEnrolmentToken({kToken, kNow, kNow + hours(1), "admin", ""}).ok());
  DeviceRow device;
  device.device_id = "d1";
  device.hostname = "pc";
  ASSERT_TRUE(store_->EnrolDevice(kToken, kNow, device, {"01", "d1", kNow, kNow}).ok());
  device.device_id = "d2";
  EXPECT_EQ(store_->EnrolDevice(kToken, kNow, device, {"02", "d2", kNow, kNow}).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->GetDevice("d2").status().code(), absl::StatusCode::kNotFound);
  Reopen();
  EXPECT_EQ(store_->GetDevice("d1")->hostname, "pc");
}

TEST_P(StoreContract, TokenIsUsedUpOnceUnderRace) {
  ASSERT_TRUE(store_->AddEnrolmentToken({kToken, kNow, kNow + hours(1), "admin", ""}).ok());
  std::atomic<int> enrolled = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      DeviceRow device;
      device.device_id = fmt::format("d{}", i);
      const CertificateRow certificate{device.device_id, device.device_id, kNow, kNow};
      if (store_->EnrolDevice(kToken, kNow, device, certificate).ok()) ++enrolled;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(enrolled, 1);
  EXPECT_EQ(store_->ListDevices("", 100)->size(), 1U);
}

TEST_P(StoreContract, ExpiredAndUnknownTokensAreRefused) {
  ASSERT_TRUE(store_->AddEnrolmentToken({kToken, kNow, kNow + hours(1), "admin", ""}).ok());
  const DeviceRow device{.device_id = "d1"};
  EXPECT_FALSE(store_->EnrolDevice(kToken, kNow + hours(1), device, {"01", "d1", kNow, kNow}).ok());
  EXPECT_FALSE(store_->EnrolDevice("other", kNow, device, {"01", "d1", kNow, kNow}).ok());
}

TEST_P(StoreContract, ADeletedOperatorIsGoneWithItsTokens) {
  ASSERT_TRUE(store_->AddOperator({"admin", "hash", true, kNow, kNow}).ok());
  ASSERT_TRUE(store_->AddOperator({"other", "hash", true, kNow, kNow}).ok());
  ASSERT_TRUE(store_->AddOperatorToken({"t1", "admin", kNow, kNow + hours(8)}).ok());
  ASSERT_TRUE(store_->AddOperatorToken({"t2", "other", kNow, kNow + hours(8)}).ok());
  EXPECT_TRUE(store_->DeleteOperator("admin").ok());
  EXPECT_TRUE(store_->DeleteOperator("admin").ok());
  EXPECT_EQ(store_->CountOperators().value(), 1U);
  EXPECT_FALSE(store_->GetOperatorToken("t1").ok());
  EXPECT_TRUE(store_->GetOperatorToken("t2").ok());
}

TEST_P(StoreContract, CertificatesOfADeviceAreBoundedAndThoseThatAreOverForgotten) {
  AddDevice("d1");
  AddDevice("d2");
  const auto add = [&](const char* serial, const char* device, WallTime issued) {
    return store_
        ->AddCertificate({serial, device, issued, issued + hours(48)}, {issued - hours(24), 2})
        .code();
  };
  const WallTime day = kNow + hours(100);
  EXPECT_EQ(add("a1", "d1", day), absl::StatusCode::kOk);
  EXPECT_EQ(add("a2", "d1", day + hours(1)), absl::StatusCode::kOk);
  EXPECT_EQ(add("a3", "d1", day + hours(2)), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(add("b1", "d2", day + hours(2)), absl::StatusCode::kOk);
  EXPECT_EQ(add("a3", "d1", day + hours(24)), absl::StatusCode::kOk);
  // A serial is there once: it can be used again when what had it is forgotten.
  EXPECT_NE(add("a1", "d1", day + hours(47)), absl::StatusCode::kOk);
  EXPECT_EQ(add("a1", "d1", day + hours(48)), absl::StatusCode::kOk);
}

TEST_P(StoreContract, AFailedEnrolmentKeepsTheToken) {
  AddDevice("d1");
  ASSERT_TRUE(store_->AddEnrolmentToken({kToken, kNow, kNow + hours(1), "admin", ""}).ok());
  // The id is taken: the whole is rolled back, the token included.
  EXPECT_FALSE(
      store_->EnrolDevice(kToken, kNow, {.device_id = "d1"}, {"09", "d1", kNow, kNow}).ok());
  EXPECT_TRUE(
      store_->EnrolDevice(kToken, kNow, {.device_id = "d9"}, {"09", "d9", kNow, kNow}).ok());
}

TEST_P(StoreContract, DevicesAreListedUpdatedAndRevoked) {
  AddDevice("a");
  AddDevice("b");
  DeviceReport report;
  report.device_id = "a";
  report.hostname = "renamed";
  report.last_seen = kNow + hours(2);
  report.policy_version = 4;
  report.offered_version = 5;
  report.policy_error = "signature";
  report.state = std::string("\0state", 6);
  ASSERT_TRUE(store_->UpdateDevices({report}).ok());
  ASSERT_TRUE(store_->RevokeDevice("b", kNow).ok());
  EXPECT_EQ(store_->RevokeDevice("c", kNow).code(), absl::StatusCode::kNotFound);
  Reopen();
  const auto devices = store_->ListDevices("", 10).value();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].hostname, "renamed");
  EXPECT_EQ(devices[0].last_seen, kNow + hours(2));
  EXPECT_EQ(devices[0].policy_version, 4U);
  EXPECT_EQ(devices[0].offered_version, 5U);
  EXPECT_EQ(devices[0].policy_error, "signature");
  EXPECT_EQ(devices[0].state, std::string("\0state", 6));
  EXPECT_FALSE(devices[0].revoked);
  EXPECT_TRUE(devices[1].revoked);
  EXPECT_EQ(store_->ListDevices("a", 10)->size(), 1U);
  EXPECT_EQ(store_->ListDevices("", 1)->size(), 1U);
}

TEST_P(StoreContract, OperatorsAndTokens) {
  EXPECT_EQ(store_->CountOperators().value(), 0U);
  ASSERT_TRUE(store_->AddOperator({"admin", "hash1", true, kNow, kNow}).ok());
  EXPECT_EQ(store_->AddOperator({"admin", "x", true, kNow, kNow}).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(store_->GetOperator("admin")->must_change_password);
  ASSERT_TRUE(store_->AddOperatorToken({"t1", "admin", kNow, kNow + hours(8)}).ok());
  ASSERT_TRUE(store_->AddOperatorToken({"t2", "admin", kNow, kNow + hours(8)}).ok());
  ASSERT_TRUE(store_->SetPassword("admin", "hash2", kNow, "t2").ok());
  EXPECT_FALSE(store_->GetOperator("admin")->must_change_password);
  EXPECT_EQ(store_->GetOperator("admin")->password_hash, "hash2");
  EXPECT_FALSE(store_->GetOperatorToken("t1").ok());
  EXPECT_EQ(store_->GetOperatorToken("t2")->operator_name, "admin");
  EXPECT_EQ(store_->DeleteExpiredTokens(kNow + hours(9)).value(), 1U);
  EXPECT_FALSE(store_->GetOperatorToken("t2").ok());
  // Foreign keys hold.
  EXPECT_FALSE(store_->AddOperatorToken({"t3", "nobody", kNow, kNow}).ok());
}

TEST_P(StoreContract, BundlesKeepBytesAndVersion) {
  EXPECT_FALSE(store_->LatestBundle()->has_value());
  const std::string bytes(
      "\0\xff"
      "bundle",
      8);
  ASSERT_TRUE(store_->AddBundle({1, kNow, "admin", "s1", "old"}).ok());
  ASSERT_TRUE(store_->AddBundle({2, kNow, "admin", "s2", bytes}).ok());
  EXPECT_EQ(store_->AddBundle({2, kNow, "admin", "s3", "x"}).code(),
            absl::StatusCode::kAlreadyExists);
  Reopen();
  const auto latest = store_->LatestBundle().value();
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(latest->version, 2U);
  EXPECT_EQ(latest->signed_bytes, bytes);
}

TEST_P(StoreContract, IndexesOfEachKindAreReplacedAndRemoved) {
  const std::string head("\0\xffhead", 6);
  for (const IndexKind kind : {IndexKind::kRegistry, IndexKind::kCollection}) {
    ASSERT_TRUE(store_->PutIndex(kind, {"clients", 1, kNow, "admin", "old"}).ok());
    ASSERT_TRUE(store_->PutIndex(kind, {"clients", 2, kNow, "root", head}).ok());
    ASSERT_TRUE(store_->PutIndex(kind, {"banks", 1, kNow, "admin", "b"}).ok());
  }
  EXPECT_TRUE(store_->DeleteIndex(IndexKind::kCollection, "banks").ok());
  EXPECT_EQ(store_->DeleteIndex(IndexKind::kCollection, "banks").message(),
            "no such collection of documents");
  Reopen();
  const auto rows = store_->ListIndexes(IndexKind::kRegistry).value();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "banks");
  EXPECT_EQ(rows[1].version, 2U);
  EXPECT_EQ(rows[1].author, "root");
  EXPECT_EQ(rows[1].head, head);
  const auto collections = store_->ListIndexes(IndexKind::kCollection).value();
  ASSERT_EQ(collections.size(), 1U);
  EXPECT_EQ(collections[0].name, "clients");
  EXPECT_EQ(store_->DeleteIndex(IndexKind::kRegistry, "none").code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, BlobsAreReplacedAndRemoved) {
  ASSERT_TRUE(store_->AddBlobPiece("s1", 0, std::string(1 << 20, '\0')).ok());
  ASSERT_TRUE(store_->AddBlobPiece("s1", 1, "end").ok());
  ASSERT_TRUE(store_->AddBlobPiece("s1", 1, "END").ok());
  ASSERT_TRUE(store_->AddBlobPiece("s2", 0, "other").ok());
  Reopen();
  EXPECT_EQ(store_->GetBlobPiece("s1", 0)->size(), size_t{1} << 20);
  EXPECT_EQ(store_->GetBlobPiece("s1", 1).value(), "END");
  EXPECT_EQ(store_->GetBlobPiece("s1", 2).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(store_->DeleteBlobsBut({"s2", "s3"}).ok());
  EXPECT_EQ(store_->GetBlobPiece("s1", 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetBlobPiece("s2", 0).value(), "other");
}

TEST_P(StoreContract, VersionsOfIndexesAreListedNewestFirst) {
  const IndexKind registry = IndexKind::kRegistry;
  ASSERT_TRUE(store_->AddIndexVersion({registry, "a", 1, "s1", 5}).ok());
  ASSERT_TRUE(store_->AddIndexVersion({registry, "a", 3, "wrong", 5}).ok());
  ASSERT_TRUE(store_->AddIndexVersion({registry, "a", 3, "s3", uint64_t{1} << 40}).ok());
  ASSERT_TRUE(store_->AddIndexVersion({IndexKind::kCollection, "a", 2, "s2", 5}).ok());
  Reopen();
  const auto all = store_->ListIndexVersions().value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].sha256, "s3");
  EXPECT_EQ(all[0].size_bytes, uint64_t{1} << 40);
  EXPECT_EQ(all[1].kind, IndexKind::kCollection);
  EXPECT_EQ(all[2].version, 1U);
  ASSERT_TRUE(store_->DeleteIndexVersion(all[2]).ok());
  ASSERT_TRUE(store_->DeleteIndexVersion(all[1]).ok());
  EXPECT_EQ(store_->ListIndexVersions()->size(), 1U);
}

TEST_P(StoreContract, DocumentsOfEachVersionAreKept) {
  ASSERT_TRUE(store_->PutDocuments("a", 1, {{1, "old", "s", 5}}).ok());
  ASSERT_TRUE(store_->PutDocuments("a", 2, {{9, "wrong", "s", 5}}).ok());
  ASSERT_TRUE(
      store_
          ->PutDocuments("a", 2, {{1, "合同.docx", "s1", 7}, {2, "b", "s2", 8}, {3, "c", "s3", 9}})
          .ok());
  Reopen();
  const auto page = store_->ListDocuments("a", 2, 1, 1).value();
  EXPECT_EQ(page.total, 3U);
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows[0].title, "b");
  EXPECT_EQ(page.rows[0].units, 8U);
  EXPECT_EQ(store_->GetDocument("a", 2, 1)->title, "合同.docx");
  EXPECT_EQ(store_->GetDocument("a", 1, 1)->title, "old");
  for (const uint32_t number : {0U, 4U, 9U}) {
    EXPECT_EQ(store_->GetDocument("a", 2, number).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(store_->ListDocuments("b", 2, 0, 10)->total, 0U);
  EXPECT_EQ(store_->LastDocumentsVersion("a").value(), 2U);
  EXPECT_EQ(store_->LastDocumentsVersion("b").value(), 0U);
}

TEST_P(StoreContract, RequestsAreStoredExactlyOnceAndListedNewestFirst) {
  AddDevice("a");
  AddDevice("b");
  EXPECT_EQ(Add("a", {Request(1, "r1"), Incident(2, "i1"), Request(3, "r2")}).requests_stored, 2U);
  const auto again = Add("a", {Request(1, "r1"), Request(4, "r3")});
  EXPECT_EQ(again.requests_stored, 1U);
  EXPECT_EQ(again.duplicates, 1U);
  const auto other = Add("b", {Request(1, "r1"), Request(2, "r4")});
  EXPECT_EQ(other.requests_stored, 1U);
  EXPECT_EQ(other.id_conflicts, 1U);
  Reopen();
  const auto all = store_->ListReleaseRequests("", 0, 10).value();
  EXPECT_EQ(all.total, 4U);
  ASSERT_EQ(all.rows.size(), 4U);
  EXPECT_EQ(all.rows[0].number, 4U);
  EXPECT_EQ(all.rows[0].body, "request r4");
  EXPECT_EQ(all.rows[0].device_id, "b");
  EXPECT_EQ(all.rows[3].number, 1U);
  const auto of_a = store_->ListReleaseRequests("a", 3, 1).value();
  EXPECT_EQ(of_a.total, 3U);
  ASSERT_EQ(of_a.rows.size(), 1U);
  EXPECT_EQ(of_a.rows[0].body, "request r2");
  EXPECT_EQ(of_a.rows[0].received, kNow);
}

TEST_P(StoreContract, RecordsAreStoredExactlyOnce) {
  AddDevice("a");
  const auto first = Add("a", {Incident(1, "i1"), Event(2, "e1"), Incident(3, "i2")});
  EXPECT_EQ(first.incidents_stored, 2U);
  EXPECT_EQ(first.events_stored, 1U);
  EXPECT_EQ(first.duplicates, 0U);
  EXPECT_EQ(first.sequences_missing, 0U);
  const auto again =
      Add("a", {Incident(1, "i1"), Event(2, "e1"), Incident(3, "i2"), Incident(4, "i3")});
  EXPECT_EQ(again.incidents_stored, 1U);
  EXPECT_EQ(again.duplicates, 3U);
  EXPECT_EQ(again.sequences_missing, 0U);
  Reopen();
  const auto page = store_->ListIncidents({}).value();
  EXPECT_EQ(page.total, 3U);
  ASSERT_EQ(page.rows.size(), 3U);
  EXPECT_EQ(page.rows[0].number, 3U);  // newest first, numbers without gaps
  EXPECT_EQ(page.rows[0].record.id, "i3");
  EXPECT_EQ(page.rows[2].number, 1U);
  EXPECT_EQ(store_->GetDevice("a")->last_sequence, 4U);
  EXPECT_EQ(store_->ListAgentEvents("", 0, 10)->size(), 1U);
}

TEST_P(StoreContract, GapsAndConflictsAreCountedAndNothingIsLost) {
  AddDevice("a");
  AddDevice("b");
  EXPECT_EQ(Add("a", {Incident(3, "i1"), Incident(7, "i2")}).sequences_missing, 5U);
  // Same sequence, other incident (a cloned or reinstalled machine): kept.
  const auto cloned = Add("a", {Incident(3, "i3")});
  EXPECT_EQ(cloned.sequence_conflicts, 1U);
  EXPECT_EQ(cloned.incidents_stored, 1U);
  // And again: a duplicate now.
  EXPECT_EQ(Add("a", {Incident(3, "i3")}).duplicates, 1U);
  // Another device cannot store under an id that is taken, nor change what is there.
  const auto stolen = Add("b", {Incident(1, "i1")});
  EXPECT_EQ(stolen.id_conflicts, 1U);
  EXPECT_EQ(stolen.incidents_stored, 0U);
  EXPECT_EQ(store_->GetIncidentById("i1")->device_id, "a");
  EXPECT_EQ(store_->ListIncidents({})->total, 3U);
}

TEST_P(StoreContract, AnUnknownDeviceStoresNothingOfTheWholeCall) {
  AddDevice("a");
  const auto outcome =
      store_->AddRecords({{"a", kNow, {Incident(1, "i1")}}, {"nobody", kNow, {Incident(1, "i2")}}});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ListIncidents({})->total, 0U);
  EXPECT_EQ(Add("a", {Incident(1, "i1")}).incidents_stored, 1U);
  EXPECT_EQ(store_->GetIncidentById("i1")->number, 1U);
}

TEST_P(StoreContract, IncidentsAreFilteredAndPaged) {
  AddDevice("a");
  AddDevice("b");
  for (uint64_t i = 1; i <= 5; ++i) Add("a", {Incident(i, fmt::format("a{}", i))});
  auto other = Incident(1, "b1");
  other.rule = "clients";
  other.action = "report";
  Add("b", {other});
  EXPECT_EQ(store_->ListIncidents({.device_id = "a"})->total, 5U);
  EXPECT_EQ(store_->ListIncidents({.rule = "clients"})->rows.front().hostname, "host-b");
  EXPECT_EQ(store_->ListIncidents({.rule = "marking", .action = "report"})->total, 0U);
  const auto page = store_->ListIncidents({.device_id = "a", .limit = 2}).value();
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.total, 5U);
  const auto next =
      store_->ListIncidents({.device_id = "a", .before_number = page.rows[1].number, .limit = 9})
          .value();
  EXPECT_EQ(next.rows.size(), 3U);
  const auto one = store_->GetIncident(1).value();
  EXPECT_EQ(one.record.body, std::string("body\0", 5) + "a1");
  EXPECT_EQ(one.record.content_name, "报价.docx");
  EXPECT_EQ(store_->GetIncident(99).status().code(), absl::StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(
    All, StoreContract,
    testing::Values(Implementation{
        "Sqlite", [](const std::string& folder) { return OpenSqliteStore(folder + "/store.db"); }}),
    [](const auto& test) { return std::string(test.param.name); });

class SqliteFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_store_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/store.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
  std::string path_;
};

TEST_F(SqliteFile, NobodyElseReadsIt) {
  ASSERT_TRUE(OpenSqliteStore(path_).ok());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SqliteFile, ANewerSchemaIsRefusedUntouched) {
  ASSERT_TRUE(OpenSqliteStore(path_).ok());
  {
    soci::session sql(soci::sqlite3, "dbname=" + path_);
    sql << "INSERT INTO schema_migrations (version, applied_us) VALUES (9999, 0)";
  }
  const auto status = OpenSqliteStore(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer shoumi-server"));
}

// Each migration starts from the schema before it and leaves what was there.
TEST_F(SqliteFile, EachMigrationAppliesToTheSchemaBefore) {
  const auto& all = Migrations();
  for (size_t count = 1; count <= all.size(); ++count) {
    soci::session sql(soci::sqlite3, fmt::format("dbname={}/{}.db", folder_, count));
    const std::vector<Migration> before(all.begin(), all.begin() + static_cast<long>(count) - 1);
    const std::vector<Migration> with(all.begin(), all.begin() + static_cast<long>(count));
    ASSERT_TRUE(Migrate(sql, before).ok());
    ASSERT_TRUE(Migrate(sql, with).ok());
    ASSERT_TRUE(Migrate(sql, with).ok());  // nothing to do
    long long version = 0;
    sql << "SELECT MAX(version) FROM schema_migrations", soci::into(version);
    EXPECT_EQ(version, all[count - 1].version);
  }
}

TEST_F(SqliteFile, ABrokenMigrationLeavesTheSchemaBefore) {
  soci::session sql(soci::sqlite3, "dbname=" + path_);
  const std::vector<Migration> broken = {
      {1, "0001_ok.sql", "CREATE TABLE one (a TEXT);\n"},
      {2, "0002_broken.sql", "CREATE TABLE two (a TEXT);\nCREATE RUBBISH;\n"}};
  EXPECT_THROW((void)Migrate(sql, broken), soci::soci_error);
  long long tables = 0;
  sql << "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('one', 'two')", soci::into(tables);
  EXPECT_EQ(tables, 1);
}

TEST_F(SqliteFile, WhatIsNoDatabaseIsRefused) {
  {
    std::FILE* file = std::fopen(path_.c_str(), "w");
    std::fputs(
        "this is a text file, certainly longer than a header of SQLite is, by far: "
        "it goes on and on until one hundred bytes are over",
        file);
    std::fclose(file);
  }
  EXPECT_EQ(OpenSqliteStore(path_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteFile, WritesAreObserved) {
  std::atomic<int> writes = 0;
  auto store = OpenSqliteStore(path_, [&](std::chrono::nanoseconds took) {
    EXPECT_GE(took.count(), 0);
    ++writes;
  });
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->AddOperator({"admin", "h", false, kNow, kNow}).ok());
  EXPECT_EQ(writes, 1);
}

}  // namespace
}  // namespace shoumi::server
