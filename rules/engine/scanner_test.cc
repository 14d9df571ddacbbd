#include "rules/engine/scanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "rules/engine/database.h"
#include "rules/registry/hashing.h"

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

class ValueKeys : public ::testing::Test {
 protected:
  // Eleven figures with `number` at their end, each with its own head.
  static std::string Mobiles(int from, int count) {
    std::string text;
    for (int i = from; i < from + count; ++i) text += "139" + std::to_string(10'000'000 + i) + ", ";
    return text;
  }
  v1::Finding Scan(const std::string& text, const std::optional<registry::SipKey>& key) {
    scanner_->Begin({.today = "2026-11-26", .value_key = key});
    scanner_->BeginPart("", v1::PART_KIND_BODY);
    scanner_->Block(text);
    scanner_->EndPart();
    const ScanResult result = scanner_->Finish();
    EXPECT_EQ(result.findings.size(), 1U);
    return result.findings.at(0);
  }

  std::shared_ptr<const Database> database_ = Database::Compile({PackWith("")}).database;
  std::unique_ptr<Scanner> scanner_ = Scanner::Create(*database_).value();
  const registry::SipKey key_{1, 2, 3};
};

TEST_F(ValueKeys, AreReportedWhereAKeyIsSetOnly) {
  EXPECT_EQ(Scan(Mobiles(0, 3), std::nullopt).value_keys_size(), 0);
  const v1::Finding finding = Scan(Mobiles(0, 3) + "139 1000 0001", key_);
  EXPECT_EQ(finding.count(), 4U);
  EXPECT_EQ(finding.distinct(), 3U);
  EXPECT_EQ(finding.value_keys_size(), 3);
  EXPECT_TRUE(std::is_sorted(finding.value_keys().begin(), finding.value_keys().end()));
  const auto one = Scan("139-1000-0001", key_).value_keys();
  ASSERT_EQ(one.size(), 1);
  EXPECT_EQ(one[0], registry::SipHash("13910000001", key_));  // however it is written
  EXPECT_TRUE(std::binary_search(finding.value_keys().begin(), finding.value_keys().end(), one[0]));
  EXPECT_NE(Scan("13910000001", registry::SipKey{9}).value_keys(0), one[0]);
}

TEST_F(ValueKeys, AreBoundedAndTheSameOnesEachTime) {
  constexpr int kMany = static_cast<int>(kValueKeysMax) + 500;
  const v1::Finding finding = Scan(Mobiles(0, kMany), key_);
  EXPECT_EQ(finding.distinct(), static_cast<uint32_t>(kMany));
  EXPECT_EQ(finding.value_keys_size(), static_cast<int>(kValueKeysMax));
  const v1::Finding turned = Scan(Mobiles(700, kMany - 700) + Mobiles(0, 700), key_);
  EXPECT_TRUE(std::equal(finding.value_keys().begin(), finding.value_keys().end(),
                         turned.value_keys().begin(), turned.value_keys().end()));
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
