// Numbers with checksums: credit and organisation codes, cards, accounts; masks and the registry.
#include <gtest/gtest.h>

#include <algorithm>

#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/judging.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/regions.h"

namespace shoumi::rules {
namespace {

TEST(Checksums, KnownAnswers) {
  EXPECT_TRUE(LuhnHolds("4111111111111111"));
  EXPECT_FALSE(LuhnHolds("4111111111111112"));
  EXPECT_FALSE(LuhnHolds(""));
  EXPECT_TRUE(Mod11_2Holds("11010519491231002X"));
  EXPECT_FALSE(Mod11_2Holds("110105194912310021"));
  EXPECT_TRUE(CreditCodeHolds("91110108551385082Q"));
  EXPECT_FALSE(CreditCodeHolds("91110108551385082A"));
  EXPECT_FALSE(CreditCodeHolds("9111010855138508IQ"));
  EXPECT_TRUE(OrgCodeHolds("MA01ABCD5"));
  EXPECT_FALSE(OrgCodeHolds("MA01ABCD6"));
  EXPECT_TRUE(IbanHolds("GB29NWBK60161331926819"));
  EXPECT_FALSE(IbanHolds("GB29NWBK60161331926818"));
}

TEST(Regions, PresentAndFormer) {
  EXPECT_TRUE(IsRegion("110105"));
  EXPECT_TRUE(IsRegion("1321"));  // prefecture of Hebei before 1993
  EXPECT_TRUE(IsRegion("4690"));
  EXPECT_FALSE(IsRegion("1114"));
  EXPECT_FALSE(IsRegion("9901"));
  EXPECT_FALSE(IsRegion("12"));
}

TEST(CreditCode, Forms) {
  ExpectFound("uscc", "统一社会信用代码：91110108551385082Q。", "91110108551385082Q",
              "91110108551385082Q");
  ExpectFound("uscc", "91110108ma01abcd5t", "91110108ma01abcd5t", "91110108MA01ABCD5T");
  ExpectFound("uscc", "税号91310115551385082A公司", "91310115551385082A", "91310115551385082A");
  ExpectFound("uscc", "代码 9131 0115 5513 8508 2A 有效", "9131 0115 5513 8508 2A",
              "91310115551385082A");
  ExpectFound("uscc", "121000005513850821", "121000005513850821", "121000005513850821");
}

TEST(CreditCode, Refusals) {
  ExpectRefused("uscc", "91110108551385082A", "91110108551385082A", Reject::kChecksum);
  ExpectRefused("uscc", "91990108551385082Q", "91990108551385082Q", Reject::kRange);
  ExpectRefused("uscc", "C1110108551385082Q", "C1110108551385082Q", Reject::kRange);
  ExpectRefused("uscc", "x91110108551385082Q", "91110108551385082Q", Reject::kShape);
  ExpectRefused("uscc", "流水号：91110108551385082Q", "91110108551385082Q", Reject::kContext);
}

TEST(OrgCode, FormsAndRefusals) {
  ExpectFound("org_code", "组织机构代码：71093012-2", "71093012-2", "710930122");
  ExpectFound("org_code", "组织机构代码为77181343x。", "77181343x", "77181343X");
  ExpectFound("org_code", "MA01ABCD5", "MA01ABCD5", "MA01ABCD5");
  EXPECT_LT(JudgeAt("org_code", "710930122", 0, 9).confidence, 50);
  ExpectRefused("org_code", "71093012-3", "71093012-3", Reject::kChecksum);
  ExpectRefused("org_code", "710930122-01", "710930122", Reject::kBoundary);
  ExpectRefused("org_code", "金额710930122元", "710930122", Reject::kContext);
}

TEST(BankCard, Forms) {
  for (const std::string_view written : {"6222021234567890128", "6222 0212 3456 7890 128",
                                         "6222-0212-3456-7890-128", "622202 1234567890128"}) {
    ExpectFound("bank_card", std::string("卡号") + std::string(written) + "，", written,
                "6222021234567890128");
  }
  ExpectFound("bank_card", "9558802000123456780", "9558802000123456780", "9558802000123456780");
  ExpectFound("bank_card", "2024-01-01 6217001234567890122", "6217001234567890122",
              "6217001234567890122");
}

TEST(BankCard, LooseGroupsAreWeak) {
  ExpectFound("bank_card", "622202 1234 567890128", "622202 1234 567890128", "6222021234567890128");
  EXPECT_LT(JudgeAt("bank_card", "622202 1234 567890128", 0, 21).confidence, 60);
  EXPECT_FALSE(JudgeAt("bank_card", "62 2202 1234 567890128", 0, 22).accepted());
}

TEST(BankCard, Refusals) {
  ExpectRefused("bank_card", "6222021234567890127", "6222021234567890127", Reject::kChecksum);
  ExpectRefused("bank_card", "4111111111111111", "4111111111111111", Reject::kRange);
  ExpectRefused("bank_card", "订单编号 6222021234567890128", "6222021234567890128",
                Reject::kContext);
  ExpectRefused("bank_card", "\"trace_id\":\"6222021234567890128\"", "6222021234567890128",
                Reject::kContext);
  ExpectRefused("bank_card", "0.6222021234567890128", "6222021234567890128", Reject::kBoundary);
  ExpectRefused("bank_card", "ab6222021234567890128", "6222021234567890128", Reject::kBoundary);
  ExpectRefused("bank_card", "20240101123000", "20240101123000", Reject::kShape);
}

TEST(Card, Forms) {
  ExpectFound("card", "card 4111 1111 1111 1111 12/27", "4111 1111 1111 1111", "4111111111111111");
  ExpectFound("card", "5555-5555-5555-4444", "5555-5555-5555-4444", "5555555555554444");
  ExpectFound("card", "amex 3782 822463 10005", "3782 822463 10005", "378282246310005");
  ExpectFound("card", "JCB3530111333300000。", "3530111333300000", "3530111333300000");
  ExpectFound("card", "30569309025904", "30569309025904", "30569309025904");
  ExpectFound("card", "3056 9309 0259 04", "3056 9309 0259 04", "30569309025904");
  ExpectFound("card", "6011111111111117", "6011111111111117", "6011111111111117");
}

TEST(Card, Refusals) {
  ExpectRefused("card", "4111111111111112", "4111111111111112", Reject::kChecksum);
  ExpectRefused("card", "6222021234567890128", "6222021234567890128", Reject::kRange);
  ExpectRefused("card", "1111 4111 1111 1111 1111", "4111 1111 1111 1111", Reject::kBoundary);
  ExpectRefused("card", "4000000000000002", "4000000000000002", Reject::kExcluded);
}

TEST(Iban, FormsAndRefusals) {
  ExpectFound("iban", "IBAN: DE89 3704 0044 0532 0130 00, BIC", "DE89 3704 0044 0532 0130 00",
              "DE89370400440532013000");
  ExpectFound("iban", "账号GB29NWBK60161331926819。", "GB29NWBK60161331926819",
              "GB29NWBK60161331926819");
  ExpectFound("iban", "NO93 8601 1117 947", "NO93 8601 1117 947", "NO9386011117947");
  ExpectFound("iban", "FR14 2004 1010 0505 0001 3M02 606 is ours",
              "FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606");
  ExpectRefused("iban", "DE89370400440532013001", "DE89370400440532013001", Reject::kChecksum);
  ExpectRefused("iban", "DE8937040044053201300", "DE8937040044053201300", Reject::kRange);
  ExpectRefused("iban", "XX89370400440532013000", "XX89370400440532013000", Reject::kRange);
}

TEST(Mask, ShowsEnoughAndNotMore) {
  EXPECT_EQ(MaskValue("mobile", "13812345678"), "138****5678");
  EXPECT_EQ(MaskValue("resident_id", "11010519491231002X"), "110105********002X");
  EXPECT_EQ(MaskValue("resident_id", "310115900307201"), "310115*******01");
  EXPECT_EQ(MaskValue("bank_card", "6222021234567890128"), "622202*********0128");
  EXPECT_EQ(MaskValue("card", "4111111111111111"), "411111******1111");
  EXPECT_EQ(MaskValue("card", "36128991356293"), "361289*****293");
  EXPECT_EQ(MaskValue("email", "zhang.san@example.com"), "z***@example.com");
  EXPECT_EQ(MaskValue("landline", "01064551234"), "010******34");
  EXPECT_EQ(MaskValue("uscc", "91110108551385082Q"), "91110108******082Q");
  EXPECT_EQ(MaskValue("org_code", "710930122"), "71*****22");
  EXPECT_EQ(MaskValue("iban", "DE89370400440532013000"), "DE89**************3000");
  EXPECT_EQ(MaskValue("passport", "E12345678"), "E******78");
  EXPECT_EQ(MaskValue("plate", "京A12345"), "京A***45");
  EXPECT_EQ(MaskValue("marking", "机密★10年"), "机密★10年");
}

// Lengths and shapes that other numbers have as well need a keyword: packs report from 60.
TEST(Confidence, WhatLooksLikeOtherNumbersIsLow) {
  const auto of = [](std::string_view validator, std::string_view text) {
    const Judgement judged = JudgeAt(validator, text, 0, 9);
    EXPECT_TRUE(judged.accepted()) << text;
    return judged.confidence;
  };
  EXPECT_GE(of("card", "4111111111111111"), 60);
  EXPECT_LT(of("card", "4111111111111111110"), 60);  // 19 digits
  EXPECT_GE(of("mobile", "13812345678"), 60);
  EXPECT_LT(of("mobile", "013812345678"), 60);
  EXPECT_GE(of("bank_card", "6222021234567890128"), 60);
  EXPECT_LT(of("bank_card", "620102200403220757"), 60);  // a birth date, the check of another kind
}

TEST(Mask, UnknownAndShortValuesShowNothing) {
  EXPECT_EQ(MaskValue("", "secret value of a client"), "********");
  EXPECT_EQ(MaskValue("nobody", "客户"), "**");
  EXPECT_EQ(MaskValue("mobile", "1381"), "****");
  EXPECT_EQ(MaskValue("email", "@x"), "**");
  EXPECT_EQ(MaskValue("resident_id", ""), "");
}

TEST(Registry, FindsByName) {
  for (const std::string_view name :
       {"resident_id", "uscc", "org_code", "mobile", "landline", "bank_card", "passport",
        "travel_permit", "plate", "email", "iban", "card", "marking"}) {
    EXPECT_NE(FindValidator(name), nullptr) << name;
  }
  EXPECT_EQ(FindValidator("none"), nullptr);
  EXPECT_EQ(RejectName(Reject::kChecksum), "checksum");
}

TEST(Registry, AValidatorThatMayNotHoldFindsTheWrongShape) {
  size_t ruled_out = 0;
  for (const std::string_view name : {"resident_id", "uscc", "org_code", "mobile", "landline",
                                      "bank_card", "iban", "card", "plate", "email"}) {
    const Validator& validator = *FindValidator(name);
    for (size_t length = 1; length <= 40; ++length) {
      for (const std::string_view around : {",", "|)(", " -", "x.", "电话：", "(010)"}) {
        for (const std::string_view digits : {"1380013800138001380013800138001380013800",
                                              "0106455123401064551234010645512340106455",
                                              "MA1ABCDE2X91310104MA1ABCDE2XDE8937040044"}) {
          std::string text(around);
          const size_t from = text.size();
          text += digits.substr(0, length);
          text += around;
          Candidate candidate;
          candidate.text = text;
          candidate.from = from;
          candidate.to = std::min(from + 9, from + length);
          candidate.today = kTestToday;
          if (MayHold(validator, candidate)) continue;
          ++ruled_out;
          EXPECT_EQ(RejectName(validator.judge(candidate).reject), "shape") << name << " " << text;
        }
      }
    }
  }
  EXPECT_GT(ruled_out, 1000U);
}

TEST(Robustness, AnyAnchorInAnyText) {
  const std::string text =
      "机 密★ 【绝密】\t+86 (010) 6222-0212.3456 DE89 京A·@秘密 E1234567 88888888888888888888 "
      "\n密级：";
  for (const std::string_view name :
       {"resident_id", "uscc", "org_code", "mobile", "landline", "bank_card", "passport",
        "travel_permit", "plate", "email", "iban", "card", "marking"}) {
    for (size_t from = 0; from <= text.size(); ++from) {
      for (size_t to = from; to <= text.size(); to += 3) {
        const Judgement judged = JudgeAt(name, text, from, to);
        if (judged.accepted()) {
          EXPECT_LT(judged.from, judged.to);
          EXPECT_LE(judged.to, text.size());
        }
      }
    }
  }
}

// An anchor on a word is not taken for the number right before it, which both alphabets share.
TEST(ReadGroups, FiguresBeforeTheAnchorAreNotTheWordAtIt) {
  Candidate candidate;
  candidate.text = "12/MABCDEFGX";
  candidate.from = 3;
  candidate.to = candidate.text.size();
  EXPECT_EQ(ReadGroups(candidate, Alphabet::kDigits).groups[0].to, 2U);
  EXPECT_EQ(ReadGroups(candidate, Alphabet::kAlnum).groups[0].from, 3U);
}

TEST(CompactNumber, IsTheNumberWithoutSeparatorsInUpperCase) {
  const auto compact = [](std::string_view text, Alphabet alphabet) {
    Candidate candidate;
    candidate.text = text;
    candidate.to = text.size();
    const GroupRun& run = ReadGroups(candidate, alphabet);
    const Windows windows = WindowsOf(run, {text.size() / 2, text.size()});
    EXPECT_GT(windows.count, 0U) << text;
    const Window& longest =
        *std::max_element(windows.begin(), windows.end(),
                          [](const Window& a, const Window& b) { return a.length < b.length; });
    CompactNumber number(text, run, longest);
    std::string whole(number.view());
    number.Append('X');
    EXPECT_EQ(number.view(), whole + "X");
    return whole;
  };
  EXPECT_EQ(compact("138 0013 8001", Alphabet::kDigits), "13800138001");
  EXPECT_EQ(compact("13800138001", Alphabet::kDigits), "13800138001");
  EXPECT_EQ(compact("ma1abcde-2", Alphabet::kAlnum), "MA1ABCDE2");
  EXPECT_EQ(compact("91310104ma1abcde2x", Alphabet::kAlnum), "91310104MA1ABCDE2X");
}

}  // namespace
}  // namespace shoumi::rules
