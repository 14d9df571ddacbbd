#include "server/indexes/collections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/fd.h"
#include "rules/apps/catalogue.h"
#include "rules/documents/collection.h"
#include "server/policy/compile.h"

namespace shoumi::server {
namespace {

using testing::HasSubstr;

constexpr char kPack[] =
    "pack: p\nversion: 1\ndetectors:\n"
    "  - id: p.copied\n    title: {zh: a, en: b}\n    documents: contracts\n";
std::string PolicyWithDocuments() {
  std::string yaml = ReadFile(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml", 1 << 20).value();
  const size_t rules = yaml.find("\nrules:\n") + 1;
  return yaml.replace(rules, yaml.find("\nunscanned:") - rules,
                      "rules:\n  - id: copied\n    title: {zh: a, en: b}\n"
                      "    when: {detector: p.copied}\n    action: block\n    severity: high\n");
}

Collections::Document Document(const std::string& title, uint64_t from = 0) {
  Collections::Document document{title, std::string(64, 'a'), 700, {}};
  for (uint64_t n = from; n < from + 80; ++n) document.fingerprints.push_back(n << 32U | 7);
  return document;
}

class CollectionsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_doc_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Open({});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Open(const ShelfOptions& options) {
    collections_.reset();
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
    shelf_ = std::make_unique<IndexShelf>(options, *store_, *publisher_);
    collections_ = std::make_unique<Collections>(*shelf_, *store_, Clock::Real());
  }

  absl::StatusOr<CollectionOutcome> Import(
      const std::vector<Collections::Document>& documents, bool dry_run = false,
      v1::CollectionKind kind = v1::COLLECTION_KIND_PROTECTED) {
    auto import = collections_->Begin("contracts", kind, dry_run, "admin");
    if (!import.ok()) return import.status();
    for (const Collections::Document& document : documents) {
      if (auto status = (*import)->Add(document); !status.ok()) return status;
    }
    return (*import)->Finish();
  }

  absl::StatusOr<PolicyPublisher::Applied> Apply() {
    return publisher_->Apply({"policy.yaml", policy_, {}}, "admin");
  }

  const std::string policy_ = PolicyWithDocuments();
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PolicyPublisher> publisher_;
  std::unique_ptr<IndexShelf> shelf_;
  std::unique_ptr<Collections> collections_;
};

TEST_F(CollectionsTest, ABundleNamesAnIndexThatOpens) {
  const auto applied = Apply();
  ASSERT_TRUE(applied.ok());
  ASSERT_EQ(applied->compiled.problems.size(), 1U);
  EXPECT_EQ(applied->compiled.problems[0].code(), "P154");

  const auto outcome = Import({Document("甲/采购合同.docx"), Document("b.pdf", 40)});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->counts.documents, 2U);
  EXPECT_EQ(outcome->version, 1U);
  EXPECT_EQ(outcome->policy_version, 2U);
  const auto current = publisher_->Current();
  ASSERT_EQ(current->collections.size(), 1U);
  const v1::DocumentCollection& head = current->collections[0];
  EXPECT_EQ(head.documents(), 2U);
  EXPECT_EQ(shelf_->BlobBytes(head.sha256()).value(), head.size_bytes());
  const std::string bytes = shelf_->ReadBlob(head.sha256(), 0).value();
  documents::Key key;
  std::copy(head.key().begin(), head.key().end(), key.bytes.begin());
  const auto index = documents::Index::Open(bytes, key);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->At(uint64_t{60} << 32U | 7).size(), 2U);
  EXPECT_EQ(bytes.find("采购"), std::string::npos);
  EXPECT_TRUE(Apply()->compiled.problems.empty());

  Open({});  // and after a start
  EXPECT_EQ(publisher_->Current()->collections.size(), 1U);
  EXPECT_EQ(collections_->List()->at(0).row.author, "admin");
  const auto page = collections_->ListDocuments("contracts", 0, 10);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->rows[0].title, "甲/采购合同.docx");
  EXPECT_EQ(collections_->ListDocuments("others", 0, 10).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(CollectionsTest, IncidentsSayWhatTheDocumentWasCalledThen) {
  ASSERT_TRUE(Import({Document("old.docx")}).ok());
  ASSERT_TRUE(collections_->Remove("contracts", "admin").ok());
  const auto again = Import({Document("new.docx")});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->version, 2U) << "a name that comes back goes on counting";
  v1::Incident incident;
  v1::Finding* finding = incident.add_findings();
  for (const uint64_t version : {1, 2, 3}) {
    v1::RegisteredDocument* document = finding->add_documents();
    document->set_collection("contracts");
    document->set_version(version);
    document->set_number(1);
    document->set_title("what an agent says");
  }
  collections_->SetTitles(incident);
  EXPECT_EQ(finding->documents(0).title(), "old.docx");
  EXPECT_EQ(finding->documents(1).title(), "new.docx");
  EXPECT_EQ(finding->documents(2).title(), "");
}

// So that what agents have of the version before is not fetched again.
TEST_F(CollectionsTest, DocumentsKeepTheirNumbersAndTheCollectionItsKey) {
  ASSERT_TRUE(Apply().ok());
  ASSERT_TRUE(Import({Document("a"), Document("b", 1000), Document("c", 2000)}).ok());
  const v1::DocumentCollection first = publisher_->Current()->collections[0];
  ASSERT_TRUE(Import({Document("new", 5000), Document("c", 2000), Document("a")}).ok());
  const v1::DocumentCollection second = publisher_->Current()->collections[0];
  EXPECT_EQ(first.key(), second.key());
  EXPECT_EQ(second.documents(), 3U);
  const auto page = collections_->ListDocuments("contracts", 0, 10);
  ASSERT_EQ(page->rows.size(), 3U);
  EXPECT_EQ(page->rows[0].title, "a");
  EXPECT_EQ(page->rows[1].title, "new");
  EXPECT_EQ(page->rows[2].title, "c");
  const std::string bytes = shelf_->ReadBlob(second.sha256(), 0).value();
  documents::Key key;
  std::copy(second.key().begin(), second.key().end(), key.bytes.begin());
  const auto index = documents::Index::Open(bytes, key);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->At(uint64_t{5010} << 32U | 7)[0].document(), 1U);
}

TEST_F(CollectionsTest, ADryRunChangesNothing) {
  const auto outcome = Import({Document("a")}, true);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->version, 0U);
  EXPECT_GT(outcome->index_bytes, 0U);
  EXPECT_TRUE(collections_->List()->empty());
  EXPECT_EQ(store_->LastDocumentsVersion("contracts").value(), 0U);
}

TEST_F(CollectionsTest, TheKindIsCheckedAgainstWhatPacksWant) {
  ASSERT_TRUE(Import({Document("a")}, false, v1::COLLECTION_KIND_EXCLUDED).ok());
  const auto applied = Apply();
  ASSERT_EQ(applied->compiled.problems.size(), 1U);
  EXPECT_EQ(applied->compiled.problems[0].code(), "P155");
}

TEST_F(CollectionsTest, OneImportAtATimeAndNothingOfOneThatIsDropped) {
  auto first = collections_->Begin("contracts", v1::COLLECTION_KIND_PROTECTED, false, "admin");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->Add(Document("a")).ok());
  EXPECT_EQ(Import({Document("b")}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(collections_->Remove("contracts", "admin").status().code(),
            absl::StatusCode::kResourceExhausted);
  first->reset();
  EXPECT_TRUE(collections_->List()->empty());
  EXPECT_TRUE(Import({Document("b")}).ok());
}

TEST_F(CollectionsTest, WhatIsNoDocumentIsRefused) {
  const auto refused = [this](const Collections::Document& document) {
    return std::string(Import({document}).status().message());
  };
  EXPECT_EQ(refused(Document("")), "a title has 1 to 4096 bytes");
  EXPECT_EQ(refused(Document(std::string(4097, 't'))), "a title has 1 to 4096 bytes");
  auto document = Document("a");
  document.sha256 = std::string(64, 'G');
  EXPECT_THAT(refused(document), HasSubstr("SHA-256"));
  document = Document("a");
  document.fingerprints.push_back(1);
  EXPECT_EQ(refused(document), "fingerprints are sorted, each once");
  EXPECT_EQ(Import({}).status().message(), "no document came");
  const auto begin = [this](const std::string& name, v1::CollectionKind kind) {
    return collections_->Begin(name, kind, false, "admin").status().code();
  };
  EXPECT_EQ(begin("Contracts", v1::COLLECTION_KIND_PROTECTED), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(begin("contracts", v1::COLLECTION_KIND_UNSPECIFIED),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(collections_->List()->empty());
}

TEST_F(CollectionsTest, BoundsAreNamed) {
  ShelfOptions options;
  options.index_bytes_max = 500;
  Open(options);
  EXPECT_THAT(std::string(Import({Document("a")}).status().message()),
              HasSubstr("at most 16 and 500 bytes can be"));
  EXPECT_TRUE(collections_->List()->empty());
}

}  // namespace
}  // namespace shoumi::server
