#include "rules/engine/document_finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "rules/documents/fingerprinter.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner_impl.h"

namespace shoumi::rules {
namespace {

constexpr char kPack[] =
    "pack: p\nversion: 1\ndetectors:\n"
    "  - id: p.copied\n    title: {zh: a, en: b}\n    level: secret\n    documents: contracts\n"
    "    units_min: 60\n    except_documents: [forms]\n"
    "  - id: p.most\n    title: {zh: a, en: b}\n    documents: contracts\n"
    "    share_of_registered_min: 90\n"
    "  - id: p.mobile\n    title: {zh: a, en: b}\n    except_documents: [forms]\n"
    "    patterns:\n      - {regex: '[^0-9]1(?:[ -]?[0-9]){10}', validator: mobile, symbols: 11}\n"
    "  - id: p.words\n    title: {zh: a, en: b}\n    within_chars: 200\n    score_min: 2\n"
    "    except_documents: [forms]\n"
    "    terms:\n      - {text: 报价单}\n      - {text: 折扣率}\n";

std::string Clause(size_t number, std::string_view of) {
  return fmt::format(
      "第{}条　{}方面由乙方于第{}日之前交付编号为{}的货物，验收合格后甲方支付{}"
      "元，逾期按日计收。\n",
      number, of, number * 7 % 31, number * 977 % 10'000, number * 1313 % 90'000);
}
std::string Contract(std::string_view of, size_t clauses = 60) {
  std::string text;
  for (size_t i = 1; i <= clauses; ++i) text += Clause(i, of);
  return text;
}

class Documents : public testing::Test {
 protected:
  void Register(const std::string& name, v1::CollectionKind kind,
                const std::vector<std::string>& texts) {
    documents::Key key;
    key.bytes.fill('k');
    documents::IndexBuilder builder(kind, key);
    documents::Fingerprinter fingerprinter(kind);
    for (const std::string& text : texts) {
      fingerprinter.BeginPart(v1::PART_KIND_BODY);
      ASSERT_TRUE(fingerprinter.Text(text).ok());
      ASSERT_TRUE(fingerprinter.EndPart().ok());
      const uint64_t units = fingerprinter.units();
      ASSERT_TRUE(builder.Add(units, fingerprinter.Finish()).ok());
    }
    const std::string bytes = builder.Finish();
    auto index = std::make_unique<std::vector<uint64_t>>(bytes.size() / 8 + 1);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(index->data()));
    v1::DocumentIndex head;
    head.set_name(name);
    head.set_version(7);
    head.set_kind(kind);
    head.set_key(std::string(32, 'k'));
    auto collection = documents::Collection::Open(
        head, {reinterpret_cast<const char*>(index->data()), bytes.size()});
    ASSERT_TRUE(collection.ok()) << collection.status();
    indexes_.push_back(std::move(index));
    collections_.push_back(*std::move(collection));
    heads_.push_back(head);
  }

  ScanResult Scan(const std::string& text, size_t window_bytes = kWindowBytesDefault,
                  v1::PartKind kind = v1::PART_KIND_BODY) const {
    const auto compiled = Compile();
    const auto scanner = WindowScanner::Create(compiled->rules(), window_bytes, {}, collections_);
    EXPECT_TRUE(scanner.ok());
    (*scanner)->Begin({.today = "2026-11-27", .explain = true});
    (*scanner)->BeginPart("body", kind);
    (*scanner)->Block(text);
    (*scanner)->EndPart();
    return (*scanner)->Finish();
  }

  static std::shared_ptr<const Database> Compile() {
    v1::Pack pack;
    pack.set_name("p");
    pack.set_yaml(kPack);
    auto compiled = Database::Compile({pack});
    EXPECT_NE(compiled.database, nullptr)
        << (compiled.problems.empty() ? "" : compiled.problems[0].message());
    return compiled.database;
  }

  std::vector<std::unique_ptr<std::vector<uint64_t>>> indexes_;
  documents::Collections collections_;
  std::vector<v1::DocumentIndex> heads_;
};

const v1::Finding* Find(const ScanResult& result, std::string_view rule) {
  for (const v1::Finding& finding : result.findings) {
    if (finding.rule() == rule) return &finding;
  }
  return nullptr;
}

TEST_F(Documents, ACopiedPageIsFoundWithTheDocumentItIsFrom) {
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购"), Contract("运输")});
  std::string page;
  for (size_t i = 20; i < 24; ++i) page += Clause(i, "运输");
  const std::string before = "会议纪要：今天讨论了下周的安排，大家同意把评审推迟到周五下午。";
  const ScanResult result = Scan(before + page + "散会。");
  const v1::Finding* found = Find(result, "p.copied");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->level(), v1::LEVEL_SECRET);
  EXPECT_EQ(result.level, v1::LEVEL_SECRET);
  ASSERT_GE(found->documents_size(), 1);
  const v1::RegisteredDocument& document = found->documents(0);
  EXPECT_EQ(document.collection(), "contracts");
  EXPECT_EQ(document.version(), 7U);
  EXPECT_EQ(document.number(), 2U);
  EXPECT_NEAR(document.units(), 4.0 * 41, 60);
  EXPECT_NEAR(document.permille_of_registered(), 1000.0 * 4 / 60, 30);
  EXPECT_GT(document.permille_of_inspected(), 500U);
  // Where it stands, and nothing of what stands there.
  ASSERT_GE(found->matches_size(), 1);
  const v1::Match& match = found->matches(0);
  EXPECT_GE(match.start() + 60, before.size());
  EXPECT_LE(match.end(), before.size() + page.size() + 9);
  EXPECT_EQ(match.masked(), "…");
  EXPECT_EQ(Find(result, "p.most"), nullptr);
}

TEST_F(Documents, TheWholeReformattedIsAllOfIt) {
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购"), Contract("运输")});
  std::string moved;
  for (size_t i = 31; i <= 60; ++i) moved += "  " + Clause(i, "采购") + "\n\n";
  for (size_t i = 1; i <= 30; ++i) moved += Clause(i, "采购");
  const ScanResult result = Scan(moved);
  const v1::Finding* found = Find(result, "p.most");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->documents(0).number(), 1U);
  EXPECT_GE(found->documents(0).permille_of_registered(), 950U);
}

TEST_F(Documents, UnrelatedTextHasNone) {
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购")});
  std::string other;
  for (size_t i = 0; i < 200; ++i) {
    other += fmt::format("会议{}由{}号小组主持，讨论了第{}项议题，参会{}人，结论是再观察一周。\n",
                         i, i % 9, i * 3, i % 40);
  }
  EXPECT_TRUE(Scan(other).findings.empty());
  EXPECT_TRUE(Scan(Clause(5, "采购")).findings.empty()) << "one clause has fewer than 60 units";
}

TEST_F(Documents, WindowsChangeNothing) {
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购", 900)});
  const std::string text = "前言，这里没有什么特别的内容。" + Contract("采购", 900);
  const ScanResult large = Scan(text, 4 << 20);
  const ScanResult small = Scan(text, kWindowBytesMin);
  ASSERT_GT(text.size(), 2 * kWindowBytesMin);
  ASSERT_EQ(large.findings.size(), 2U);
  ASSERT_EQ(small.findings.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(large.findings[i].SerializeAsString(), small.findings[i].SerializeAsString());
  }
}

TEST_F(Documents, HeadersAreNoText) {
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购")});
  EXPECT_TRUE(Scan(Contract("采购"), kWindowBytesDefault, v1::PART_KIND_HEADER).findings.empty());
}

TEST_F(Documents, WhatStandsInAnExcludedDocumentDoesNotCount) {
  const std::string form =
      "报销单填写说明：请在左侧写明姓名与部门，右侧写明事由，示例联系电话 13800138000 仅供参考，"
      "随后附上报价单与折扣率说明，交由财务部门审核，审核完成后归档保存五年。";
  Register("contracts", v1::COLLECTION_KIND_PROTECTED, {Contract("采购", 4) + form});
  const std::string ours = Contract("采购", 4);
  const ScanResult before = Scan(Contract("采购", 2) + form);
  EXPECT_NE(Find(before, "p.mobile"), nullptr);
  EXPECT_NE(Find(before, "p.words"), nullptr);
  EXPECT_NE(Find(before, "p.copied"), nullptr);

  Register("forms", v1::COLLECTION_KIND_EXCLUDED, {form});
  const ScanResult after = Scan(form);
  EXPECT_TRUE(after.findings.empty()) << after.findings[0].rule();
  const bool said = std::any_of(after.rejected.begin(), after.rejected.end(), [](const auto& one) {
    return one.rule() == "p.mobile" && one.why() == "excluded";
  });
  EXPECT_TRUE(said);
  // The rest of a document that is also registered is found all the same.
  EXPECT_NE(Find(Scan(ours + form), "p.copied"), nullptr);
}

TEST_F(Documents, AFormThatIsFilledInIsNoBlankForm) {
  const std::string before = "报销单填写说明：请在左侧写明姓名与部门，右侧写明事由，联系电话 ";
  const std::string behind =
      " 必填，随后附上发票与明细说明，交由财务部门审核，审核完成后归档保存五年。";
  Register("forms", v1::COLLECTION_KIND_EXCLUDED, {before + "13800138000" + behind});
  EXPECT_EQ(Find(Scan(before + "13800138000" + behind), "p.mobile"), nullptr);
  EXPECT_NE(Find(Scan(before + "13912345678" + behind), "p.mobile"), nullptr);
  EXPECT_NE(Find(Scan("他的电话 13800138000，请联系。"), "p.mobile"), nullptr);
}

TEST_F(Documents, AValueOfSeveralUnitsThatIsFilledInInPartIsNoBlankForm) {
  const std::string before = "报销单填写说明：请在左侧写明姓名与部门，右侧写明事由，联系电话 ";
  const std::string behind =
      " 必填，随后附上发票与明细说明，交由财务部门审核，审核完成后归档保存五年。";
  Register("forms", v1::COLLECTION_KIND_EXCLUDED, {before + "138 0013 8000" + behind});
  EXPECT_EQ(Find(Scan(before + "138 0013 8000" + behind), "p.mobile"), nullptr);
  EXPECT_NE(Find(Scan(before + "138 0013 8572" + behind), "p.mobile"), nullptr);
}

TEST_F(Documents, ACollectionThatIsNotThereIsSaid) {
  const auto database = Compile();
  std::vector<v1::PackProblem> problems;
  database->CheckCollections({}, problems);
  ASSERT_EQ(problems.size(), 5U);
  EXPECT_EQ(problems[0].code(), "P154");
  EXPECT_EQ(problems[0].message(),
            "there is no collection of documents 'contracts' yet: p.copied finds nothing until it "
            "is imported");
  problems.clear();
  Register("contracts", v1::COLLECTION_KIND_EXCLUDED, {Contract("采购")});
  Register("forms", v1::COLLECTION_KIND_EXCLUDED, {"a"});
  database->CheckCollections(heads_, problems);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].code(), "P155");
  EXPECT_EQ(problems[0].message(),
            "collection 'contracts' holds excluded documents: p.copied finds nothing");
}

TEST_F(Documents, KeysAreChecked) {
  const auto problem = [](const std::string& keys) {
    v1::Pack pack;
    pack.set_name("p");
    pack.set_yaml("pack: p\nversion: 1\ndetectors:\n  - id: p.d\n    title: {zh: a, en: b}\n" +
                  keys);
    const auto compiled = Database::Compile({pack});
    EXPECT_EQ(compiled.database == nullptr, !compiled.problems.empty());
    return compiled.problems.empty() ? "" : compiled.problems[0].code();
  };
  EXPECT_EQ(problem("    documents: contracts\n"), "");
  EXPECT_EQ(problem("    documents: Contracts\n"), "P111");
  EXPECT_EQ(problem("    documents: contracts\n    registry: clients\n"), "P104");
  EXPECT_EQ(problem("    documents: contracts\n    units_min: 10\n"), "P110");
  EXPECT_EQ(problem("    documents: contracts\n    share_of_registered_min: 101\n"), "P110");
  EXPECT_EQ(problem("    documents: contracts\n    except_documents: [a b]\n"), "P111");
  EXPECT_EQ(problem("    documents: contracts\n    except_documents: a\n"), "P102");
}

}  // namespace
}  // namespace shoumi::rules
