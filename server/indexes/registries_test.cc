#include "server/indexes/registries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "rules/apps/catalogue.h"
#include "rules/registry/registry.h"
#include "server/policy/bundle.h"
#include "server/policy/compile.h"

namespace shoumi::server {
namespace {

using testing::HasSubstr;

constexpr char kSpec[] =
    "registry: clients\ncolumns:\n  - {head: 名称, type: name}\n  - {head: 电话, type: phone}\n";
constexpr char kPack[] =
    "pack: p\nversion: 1\ndetectors:\n"
    "  - id: p.row\n    title: {zh: a, en: b}\n    registry: clients\n"
    "    columns_min: 2\n    within_chars: 100\n";
// The shipped policy with the one rule of these tests.
std::string PolicyWithRows() {
  std::string yaml = ReadFile(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml", 1 << 20).value();
  const size_t rules = yaml.find("\nrules:\n") + 1;
  return yaml.replace(rules, yaml.find("\nunscanned:") - rules,
                      "rules:\n  - id: row\n    title: {zh: a, en: b}\n"
                      "    when: {detector: p.row}\n    action: block\n    severity: high\n");
}

class RegistriesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_reg_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Open();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Open(RegistryOptions options = {}, ShelfOptions shelf = {}) {
    registries_.reset();
    shelf_.reset();
    publisher_.reset();
    store_.reset();
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    PublisherOptions publishing;
    publishing.key_file = folder_ / "policy.key";
    v1::Pack& pack = publishing.shipped_packs.emplace_back();
    pack.set_name("p");
    pack.set_yaml(kPack);
    publishing.shipped_apps = rules::LoadCatalogueFolder(SHOUMI_SOURCE_DIR "/rules/apps").value();
    publisher_ = PolicyPublisher::Create(publishing, CompilePolicy, *store_, Clock::Real()).value();
    shelf.piece_bytes = 1000;
    shelf_ = std::make_unique<IndexShelf>(shelf, *store_, *publisher_);
    registries_ = std::make_unique<Registries>(options, *shelf_, Clock::Real());
  }

  ImportOutcome Import(const std::string& table, bool good_rows = false, bool dry_run = false) {
    auto import =
        registries_->Begin({"clients.csv", "clients.yaml", kSpec, good_rows, dry_run}, "admin");
    EXPECT_TRUE(import.ok()) << import.status();
    for (size_t at = 0; at < table.size(); at += 100) {
      EXPECT_TRUE((*import)->Feed(std::string_view(table).substr(at, 100)).ok());
    }
    auto outcome = (*import)->Finish();
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : ImportOutcome();
  }

  std::string Blob(const std::string& sha256) {
    std::string blob;
    const auto bytes = shelf_->BlobBytes(sha256);
    while (bytes.ok() && blob.size() < *bytes) {
      const auto piece = shelf_->ReadBlob(sha256, blob.size());
      if (!piece.ok()) break;
      blob += *piece;
    }
    return blob;
  }

  const std::string policy_ = PolicyWithRows();
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PolicyPublisher> publisher_;
  std::unique_ptr<IndexShelf> shelf_;
  std::unique_ptr<Registries> registries_;
};

constexpr char kGood[] =
    "名称,电话\n深圳市鑫瑞科技有限公司,13800138000\n杭州云栖网络股份有限公司,13900139000\n";

constexpr char kMore[] =
    "名称,电话\n深圳市鑫瑞科技有限公司,13800138000\n杭州云栖网络股份有限公司,13900139000\n"
    "广州远达贸易有限公司,13700137000\n";

TEST_F(RegistriesTest, ABundleCarriesWhatAgentsNeed) {
  const auto before = publisher_->Apply({"policy.yaml", policy_, {}}, "admin").value();
  ASSERT_TRUE(before.compiled.ok) << before.compiled.problems.front().message();
  EXPECT_EQ(before.compiled.problems.at(0).code(), "P152");  // there is no registry yet
  const ImportOutcome outcome = Import(kGood);
  EXPECT_TRUE(outcome.ok);
  EXPECT_EQ(outcome.counts.rows, 2U);
  EXPECT_EQ(outcome.version, 1U);
  EXPECT_EQ(outcome.policy_version, 2U);
  const auto bundle = publisher_->Current();
  ASSERT_EQ(bundle->registries.size(), 1U);
  const v1::Registry& head = bundle->registries[0];
  EXPECT_EQ(head.rows(), 2U);
  EXPECT_EQ(head.columns(1).type(), "phone");
  const std::string blob = Blob(head.sha256());
  EXPECT_EQ(blob.size(), head.size_bytes());
  EXPECT_EQ(crypto::Sha256Hex(blob), head.sha256());
  v1::RegistryIndex index;
  index.set_name(head.name());
  index.set_key(head.key());
  *index.mutable_columns() = head.columns();
  EXPECT_TRUE(registry::Registry::Open(index, blob).ok());
  // The signed bytes say the same.
  const auto opened = OpenBundle(publisher_->public_key(), bundle->bytes);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->registries(0).sha256(), head.sha256());
  EXPECT_EQ(opened->packs_size(), 1);
  const auto again = publisher_->Apply({"policy.yaml", policy_, {}}, "admin").value();
  EXPECT_TRUE(again.compiled.problems.empty());
  EXPECT_EQ(again.bundle->registries.size(), 1U);
}

TEST_F(RegistriesTest, BadRowsImportNothingUnlessTheGoodOnesAreAskedFor) {
  const std::string table = std::string(kGood) + "广州远达贸易有限公司,12\n";
  const ImportOutcome refused = Import(table);
  EXPECT_FALSE(refused.ok);
  ASSERT_EQ(refused.row_problems.size(), 1U);
  EXPECT_EQ(refused.row_problems[0].line, 4U);
  EXPECT_EQ(refused.row_problems[0].column, "电话");
  EXPECT_TRUE(registries_->List()->empty());
  EXPECT_TRUE(Import(table, true, true).ok);
  EXPECT_TRUE(registries_->List()->empty());
  const ImportOutcome taken = Import(table, true);
  EXPECT_TRUE(taken.ok);
  EXPECT_EQ(taken.counts.rows, 2U);
  EXPECT_EQ(taken.rows_bad, 1U);
  ASSERT_EQ(registries_->List()->size(), 1U);
  EXPECT_EQ(registries_->List()->at(0).row.author, "admin");
}

TEST_F(RegistriesTest, WhatIsNoTableOrNoSpecIsSaid) {
  EXPECT_THAT(Import("名称,手机\n").table_problem, HasSubstr("line 1: there is no column '电话'"));
  EXPECT_THAT(Import("名称,电话\n").table_problem, HasSubstr("no row can be used"));
  auto import = registries_->Begin({"a.csv", "a.yaml", "registry: A\n", false, false}, "admin");
  ASSERT_TRUE(import.ok());
  EXPECT_TRUE((*import)->Feed("x").ok());
  const auto outcome = (*import)->Finish();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->ok);
  EXPECT_EQ(outcome->spec_problems.size(), 2U);
  EXPECT_TRUE(registries_->List()->empty());
}

TEST_F(RegistriesTest, TheIndexBeforeStaysUntilNobodyFetchesIt) {
  ASSERT_TRUE(publisher_->Apply({"policy.yaml", policy_, {}}, "admin").ok());
  ASSERT_TRUE(Import(kGood).ok);
  const v1::Registry first = publisher_->Current()->registries[0];
  EXPECT_EQ(Import(kMore).version, 2U);
  const v1::Registry second = publisher_->Current()->registries[0];
  EXPECT_EQ(first.key(), second.key());  // so that little of it is another
  EXPECT_NE(first.sha256(), second.sha256());
  EXPECT_FALSE(Blob(first.sha256()).empty());
  EXPECT_EQ(Import(kGood).version, 3U);
  EXPECT_EQ(publisher_->Current()->registries[0].sha256(), first.sha256());  // the same again
  EXPECT_FALSE(Blob(first.sha256()).empty());
  EXPECT_EQ(Import(kGood).version, 4U);
  EXPECT_EQ(shelf_->BlobBytes(second.sha256()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store_->GetBlobPiece(second.sha256(), 0).ok());  // agents may have it
  EXPECT_EQ(registries_->Remove("clients", "admin").value(), 6U);
  EXPECT_FALSE(store_->GetBlobPiece(second.sha256(), 0).ok());
  EXPECT_TRUE(publisher_->Current()->registries.empty());
  EXPECT_EQ(registries_->Remove("clients", "admin").status().code(), absl::StatusCode::kNotFound);
  // One that was removed comes back under another key.
  ASSERT_TRUE(Import(kGood).ok);
  EXPECT_NE(publisher_->Current()->registries[0].key(), first.key());
}

TEST_F(RegistriesTest, OneAtATime) {
  auto first = registries_->Begin({"a.csv", "a.yaml", kSpec, false, false}, "admin");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(registries_->Begin({"a.csv", "a.yaml", kSpec, false, false}, "admin").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(registries_->Remove("clients", "admin").status().code(),
            absl::StatusCode::kResourceExhausted);
  first->reset();
  EXPECT_TRUE(registries_->Begin({"a.csv", "a.yaml", kSpec, false, false}, "admin").ok());
}

TEST_F(RegistriesTest, BoundsAreNamed) {
  RegistryOptions options;
  options.table_bytes_max = 50;
  ShelfOptions shelf;
  shelf.index_bytes_max = 100;
  Open(options, shelf);
  auto import = registries_->Begin({"a.csv", "a.yaml", kSpec, false, false}, "admin");
  EXPECT_TRUE((*import)->Feed(std::string(50, 'x')).ok());
  EXPECT_EQ((*import)->Feed("x").message(), "the table has more than 50 bytes");
  import->reset();
  options.table_bytes_max = 5000;
  Open(options, shelf);
  import = registries_->Begin({"a.csv", "a.yaml", kSpec, false, false}, "admin");
  EXPECT_TRUE((*import)->Feed(kGood).ok());
  EXPECT_THAT(std::string((*import)->Finish().status().message()),
              HasSubstr("at most 16 and 100 bytes can be"));
  EXPECT_TRUE(registries_->List()->empty());
}

TEST_F(RegistriesTest, AStartCatchesUpWithWhatTheStoreHas) {
  ASSERT_TRUE(publisher_->Apply({"policy.yaml", policy_, {}}, "admin").ok());
  ASSERT_TRUE(Import(kGood).ok);
  ASSERT_TRUE(store_->DeleteIndex(IndexKind::kRegistry, "clients").ok());
  Open();
  EXPECT_EQ(publisher_->Current()->registries.size(), 1U);
  ASSERT_TRUE(shelf_->CatchUp().ok());
  EXPECT_TRUE(publisher_->Current()->registries.empty());
  const uint64_t version = publisher_->Current()->version;
  ASSERT_TRUE(shelf_->CatchUp().ok());
  EXPECT_EQ(publisher_->Current()->version, version);
}

}  // namespace
}  // namespace shoumi::server
