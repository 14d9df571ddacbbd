#include "rules/engine/name_types.h"

#include <gtest/gtest.h>

#include <memory>

#include "rules/engine/database.h"
#include "rules/engine/scanner.h"

namespace shoumi::rules {
namespace {

constexpr char kDocx[] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

TEST(NameTypes, OnlyKnownSuffixesCount) {
  EXPECT_EQ(KnownSuffix("报价 v2.DOCX"), "docx");
  EXPECT_EQ(KnownSuffix("a.tar.gz"), "gz");
  for (const char* name : {"README", ".txt", "a.", "a.bak", "a.txt~", "3.14", "a.jpgxxxxxx", ""}) {
    EXPECT_EQ(KnownSuffix(name), "") << name;
  }
}

TEST(NameTypes, ContradictionsAreTold) {
  EXPECT_TRUE(Contradicts("jpg", "application/zip"));
  EXPECT_TRUE(Contradicts("jpg", kDocx));
  EXPECT_TRUE(Contradicts("png", "text/plain"));
  EXPECT_TRUE(Contradicts("txt", "application/pdf"));
  EXPECT_TRUE(Contradicts("txt", "application/x-ole-storage"));
  EXPECT_TRUE(Contradicts("mp4", "application/vnd.sqlite3"));
  EXPECT_TRUE(Contradicts("docx", "application/zip"));
  EXPECT_TRUE(Contradicts("pdf", "text/html"));
  EXPECT_TRUE(Contradicts("csv", "application/vnd.openxmlformats-package"));
}

TEST(NameTypes, KinAndTheUnknownNeverDo) {
  EXPECT_FALSE(Contradicts("jpg", "image/png"));
  EXPECT_FALSE(Contradicts("doc", "application/rtf"));
  EXPECT_FALSE(Contradicts("doc", kDocx));
  EXPECT_FALSE(Contradicts("xls", "text/html"));
  EXPECT_FALSE(Contradicts("docx", "application/x-ole-storage")) << "encrypted";
  EXPECT_FALSE(Contradicts("zip", kDocx));
  EXPECT_FALSE(Contradicts("zip", "application/vnd.rar"));
  EXPECT_FALSE(Contradicts("csv", "text/plain"));
  EXPECT_FALSE(Contradicts("eml", "message/rfc822"));
  EXPECT_FALSE(Contradicts("odt", "application/vnd.oasis.opendocument+xml"));
  EXPECT_FALSE(Contradicts("jpg", "application/octet-stream"));
  EXPECT_FALSE(Contradicts("jpg", ""));
  EXPECT_FALSE(Contradicts("unknown", "application/zip"));
}

TEST(NameTypes, ADetectorFindsThemOnceEach) {
  v1::Pack pack;
  pack.set_name("p");
  pack.set_yaml(
      "pack: p\nversion: 1\ndetectors:\n  - id: p.disguised\n    title: {zh: a, en: b}\n"
      "    name_contradicts: true\n");
  const auto compiled = Database::Compile({pack});
  ASSERT_NE(compiled.database, nullptr);
  const auto scanner = Scanner::Create(*compiled.database);
  ASSERT_TRUE(scanner.ok());
  (*scanner)->Begin({.today = "2026-11-27"});
  (*scanner)->Named("a.zip/holiday.jpg", "holiday.jpg", kDocx);
  (*scanner)->Named("a.zip/b.docx", "b.docx", kDocx);
  (*scanner)->Named("", "c.txt", "application/pdf");
  const ScanResult result = (*scanner)->Finish();
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].rule(), "p.disguised");
  EXPECT_EQ(result.findings[0].count(), 2U);
  EXPECT_EQ(result.findings[0].matches(0).part(), "a.zip/holiday.jpg");
  EXPECT_EQ(result.findings[0].matches(0).kind(), v1::PART_KIND_FILE_NAME);
  EXPECT_EQ(result.findings[0].matches(0).masked(), std::string(".jpg: ") + kDocx);
  EXPECT_EQ(result.findings[0].matches(1).masked(), ".txt: application/pdf");
}

TEST(NameTypes, TheKeyStandsAloneAndIsTrue) {
  const auto problem = [](const std::string& keys) {
    v1::Pack pack;
    pack.set_name("p");
    pack.set_yaml("pack: p\nversion: 1\ndetectors:\n  - id: p.d\n    title: {zh: a, en: b}\n" +
                  keys);
    const auto compiled = Database::Compile({pack});
    return compiled.problems.empty() ? "" : compiled.problems[0].code();
  };
  EXPECT_EQ(problem("    name_contradicts: true\n"), "");
  EXPECT_EQ(problem("    name_contradicts: false\n"), "P104");
  EXPECT_EQ(problem("    name_contradicts: true\n    documents: a\n"), "P104");
}

}  // namespace
}  // namespace shoumi::rules
