#include "rules/engine/scanner.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/engine/database.h"

namespace shoumi::rules {
namespace {

v1::Pack PackWith(const std::string& more) {
  v1::Pack pack;
  pack.set_name("p");
  pack.set_yaml(
      "pack: p\nversion: 1\ndetectors:\n  - id: p.mobile\n    title: {zh: a, en: b}\n    "
      "patterns:\n"
      "      - {regex: '1[3-9][0-9]', validator: mobile, symbols: 3}\n    report_from: 0\n" +
      more);
  return pack;
}

TEST(Scanner, ExceptedValuesAreRejectedAndExplained) {
  const auto compiled =
      Database::Compile({PackWith("    except: [138-0013 8000, '１３９００１３９０００']\n")});
  ASSERT_NE(compiled.database, nullptr) << compiled.problems.front().message();
  const auto scanner = Scanner::Create(*compiled.database);
  ASSERT_TRUE(scanner.ok());
  (*scanner)->Begin({.today = "2026-11-26", .explain = true});
  (*scanner)->BeginPart("", v1::PART_KIND_BODY);
  (*scanner)->Block("13800138000, 138 0013 8000, 13900139000, 13700137000");
  (*scanner)->EndPart();
  const ScanResult result = (*scanner)->Finish();
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].count(), 1U);
  ASSERT_EQ(result.rejected.size(), 3U);
  for (const v1::RejectedCandidate& rejected : result.rejected) {
    EXPECT_EQ(rejected.why(), "excluded");
  }
}

TEST(Scanner, ExceptionsThatAreNoneAreRefused) {
  const std::pair<const char*, const char*> cases[] = {{"    except: 5\n", "P102"},
                                                       {"    except: [{a: b}]\n", "P102"},
                                                       {"    except: ['']\n", "P111"}};
  for (const auto& [text, code] : cases) {
    const auto compiled = Database::Compile({PackWith(text)});
    EXPECT_EQ(compiled.database, nullptr) << text;
    ASSERT_FALSE(compiled.problems.empty()) << text;
    EXPECT_EQ(compiled.problems[0].code(), code) << text;
    EXPECT_EQ(compiled.problems[0].line(), 9U) << text;
  }
  std::string many = "    except:\n";
  for (int i = 0; i < 10'001; ++i) many += "      - a" + std::to_string(i) + "\n";
  const auto compiled = Database::Compile({PackWith(many)});
  ASSERT_FALSE(compiled.problems.empty());
  EXPECT_EQ(compiled.problems[0].code(), "P113");
}

}  // namespace
}  // namespace shoumi::rules
