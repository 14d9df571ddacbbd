#include "rules/engine/markings/marking.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/judging.h"

namespace shoumi::rules {
namespace {

struct Form {
  std::string_view text;
  v1::Level level;
  v1::PartKind kind = v1::PART_KIND_BODY;
};

// What a test of it is called.
void PrintTo(const Form& form, std::ostream* out) {
  *out << form.text;
}

class RealForms : public testing::TestWithParam<Form> {};

TEST_P(RealForms, AreMarkings) {
  EXPECT_EQ(v1::Level_Name(FirstMarking(GetParam().text, GetParam().kind).level()),
            v1::Level_Name(GetParam().level))
      << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Stars, RealForms,
    testing::Values(Form{"机密★10年\n关于客户资料的报告\n", v1::LEVEL_SECRET},
                    Form{"绝密★启用前\n2026年统一考试\n", v1::LEVEL_TOP_SECRET},
                    Form{"绝密★启用前 试卷类型A\n", v1::LEVEL_TOP_SECRET},
                    Form{"机密 ★ 长期", v1::LEVEL_SECRET},
                    Form{"000012\n秘密★6个月\n特急", v1::LEVEL_CONFIDENTIAL},
                    Form{"绝密★2027年6月30日前", v1::LEVEL_TOP_SECRET},
                    Form{"秘密☆", v1::LEVEL_CONFIDENTIAL}, Form{"机密*5年", v1::LEVEL_SECRET},
                    Form{"商业秘密★3年", v1::LEVEL_CONFIDENTIAL},
                    Form{"【绝密★启用前】数学试题", v1::LEVEL_TOP_SECRET}));

INSTANTIATE_TEST_SUITE_P(
    LabelsAndBrackets, RealForms,
    testing::Values(Form{"密级：秘密", v1::LEVEL_CONFIDENTIAL},
                    Form{"文件编号:A-001 密级:机密 版本:1.0", v1::LEVEL_SECRET},
                    Form{"密级：☑机密 □秘密 □内部", v1::LEVEL_SECRET},
                    Form{"Classification: TOP SECRET", v1::LEVEL_TOP_SECRET},
                    Form{"密级\t机密\n编号\t001\n", v1::LEVEL_SECRET, v1::PART_KIND_CELLS},
                    Form{"【机密】2026年客户名单\n", v1::LEVEL_SECRET},
                    Form{"[机密]", v1::LEVEL_SECRET}, Form{"(绝密)", v1::LEVEL_TOP_SECRET},
                    Form{"投标方案(秘密)\n", v1::LEVEL_CONFIDENTIAL},
                    Form{"[CONFIDENTIAL] Q3 forecast\n", v1::LEVEL_CONFIDENTIAL}));

INSTANTIATE_TEST_SUITE_P(
    Banners, RealForms,
    testing::Values(Form{"机密文件\n\n第一章\n", v1::LEVEL_SECRET},
                    Form{"内部绝密 严禁外传\n", v1::LEVEL_TOP_SECRET},
                    Form{"公司机密　请勿外传", v1::LEVEL_SECRET, v1::PART_KIND_FOOTER},
                    Form{"机 密", v1::LEVEL_SECRET, v1::PART_KIND_HEADER},
                    Form{"机　密\n报告\n", v1::LEVEL_SECRET},
                    Form{"华信科技有限公司    机密    第3页", v1::LEVEL_SECRET,
                         v1::PART_KIND_FOOTER},
                    Form{"绝密", v1::LEVEL_TOP_SECRET, v1::PART_KIND_WATERMARK},
                    Form{"TOP SECRET\nOperations plan\n", v1::LEVEL_TOP_SECRET},
                    Form{"STRICTLY CONFIDENTIAL - DO NOT DISTRIBUTE", v1::LEVEL_CONFIDENTIAL},
                    Form{"Company Confidential", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_FOOTER},
                    Form{"秘密", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_FIRST_PAGE}));

INSTANTIATE_TEST_SUITE_P(
    English, RealForms,
    testing::Values(Form{"Strictly confidential\nProject A\n", v1::LEVEL_CONFIDENTIAL},
                    Form{"Minutes of the board\nStrictly confidential\n", v1::LEVEL_CONFIDENTIAL},
                    Form{"SECRET//REL TO USA, FVEY\nPlan\n", v1::LEVEL_SECRET},
                    Form{"(S//NF) SECRET//NOFORN\nPlan\n", v1::LEVEL_SECRET},
                    Form{"CLASSIFIED: SECRET\nPlan\n", v1::LEVEL_SECRET},
                    Form{"=== CONFIDENTIAL ===\nTerms\n", v1::LEVEL_CONFIDENTIAL},
                    Form{"Northbank Confidential", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_FOOTER},
                    Form{"密级\n秘密\n各部门应当按照安排做好年度工作，及时报告。\n",
                         v1::LEVEL_CONFIDENTIAL}));

INSTANTIATE_TEST_SUITE_P(
    Names, RealForms,
    testing::Values(Form{"绝密-投标方案.docx", v1::LEVEL_TOP_SECRET, v1::PART_KIND_FILE_NAME},
                    Form{"【机密】客户名单.xlsx", v1::LEVEL_SECRET, v1::PART_KIND_FILE_NAME},
                    Form{"方案(秘密).pdf", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_FILE_NAME},
                    Form{"2026_机密_报价.zip", v1::LEVEL_SECRET, v1::PART_KIND_FILE_NAME},
                    Form{"CONFIDENTIAL_offer.pdf", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_FILE_NAME},
                    Form{"机密", v1::LEVEL_SECRET, v1::PART_KIND_PROPERTY},
                    Form{"密级: 秘密", v1::LEVEL_CONFIDENTIAL, v1::PART_KIND_PROPERTY}));

struct Prose {
  std::string_view text;
  v1::PartKind kind = v1::PART_KIND_BODY;
};
void PrintTo(const Prose& prose, std::ostream* out) {
  *out << prose.text;
}

class ProseLines : public testing::TestWithParam<Prose> {};

TEST_P(ProseLines, AreNoMarkings) {
  for (const Judgement& judged : JudgeMarkings(GetParam().text, GetParam().kind)) {
    EXPECT_EQ(RejectName(judged.reject), "prose") << GetParam().text << " as " << judged.value;
  }
}

INSTANTIATE_TEST_SUITE_P(
    TitlesAndChoices, ProseLines,
    testing::Values(Prose{"The Secret Garden - Chapter 4", v1::PART_KIND_HEADER},
                    Prose{"Confidential Client Agreement", v1::PART_KIND_HEADER},
                    Prose{"Handling of confidential waste", v1::PART_KIND_HEADER},
                    Prose{"Not confidential", v1::PART_KIND_HEADER},
                    Prose{"NOT CONFIDENTIAL", v1::PART_KIND_HEADER},
                    Prose{"Secret\nThe story of a boat.\n"},
                    Prose{"Confidential\nby the river, a boat was waiting\n"},
                    Prose{"秘密\n保守秘密是每一名员工的职责，本手册说明应当注意的事项。\n"},
                    Prose{"Please tick: [ ] Confidential [ ] Public\n"}, Prose{"密级：□ 机密"},
                    Prose{"client: ${SECRET}\n"},
                    Prose{"Label\tMeaning\nConfidential\tNeed to know\nPublic\tAnyone\n"}));

INSTANTIATE_TEST_SUITE_P(
    Sentences, ProseLines,
    testing::Values(Prose{"为维护公司的权益,保守公司的客户资料秘密,特制定本制度。"},
                    Prose{"第5条 客户资料密级分为“秘密”、“机密”和“绝密”三级。"},
                    Prose{"1.“机密”级是指重要的客户资料，泄露会使公司利益遭受损害。"},
                    Prose{"1.绝密级:涉及客户核心商业秘密或重大利益的资料。\n2.机密级:"
                          "涉及客户重要业务信息的资料。\n"
                          "3.秘密级:涉及客户一般信息的资料。\n"},
                    Prose{"绝密\n机密\n秘密\n"}, Prose{"绝密、机密、秘密三级"}, Prose{"公司秘密"},
                    Prose{"商业秘密"}, Prose{"一、商业秘密的范围"}, Prose{"机密性、完整性、可用性"},
                    Prose{"密级：□绝密 □机密 □秘密"}, Prose{"密级：绝密/机密/秘密"},
                    Prose{"应在首页标明“密级：机密”字样。"}, Prose{"标注形式为“机密★10年”。"},
                    Prose{"例如：秘密★1年"}, Prose{"机密★10年是指保密期限为十年"},
                    Prose{"1.【机密】：泄露后会造成严重损失\n2.【秘密】：泄露后会造成损失\n"},
                    Prose{"根据资料的重要程度（秘密）进行登记，由专人负责。"}));

INSTANTIATE_TEST_SUITE_P(
    Others, ProseLines,
    testing::Values(
        Prose{"Confidential information means any data disclosed by a party."},
        Prose{"Confidential Information"}, Prose{"client_secret = secret key\nAPI SECRET=abc"},
        Prose{"the top secret recipe of our kitchen"}, Prose{"5. CONFIDENTIAL INFORMATION"},
        Prose{"商业秘密保护制度.docx", v1::PART_KIND_FILE_NAME},
        Prose{"机密计算白皮书.pdf", v1::PART_KIND_FILE_NAME},
        Prose{"Secret Garden.pdf", v1::PART_KIND_FILE_NAME},
        Prose{"公司客户资料秘密管理办法", v1::PART_KIND_HEADER},
        Prose{"密级\t定义\n绝密\t最重要的资料\n机密\t重要的资料\n", v1::PART_KIND_CELLS},
        Prose{"文件\t密级\n合同甲\t机密\n合同乙\t秘密\n", v1::PART_KIND_CELLS},
        Prose{"员工对在工作中知悉的事项负有保密义务，不得以任何方式向他人泄露公司的\n秘密\n，违者处"
              "分。"}));

TEST(Term, LengthsNeedADateOfIssue) {
  const v1::Marking open = FirstMarking("秘密★5年\n报告\n");
  EXPECT_EQ(open.term(), "5年");
  EXPECT_EQ(open.declassify_date(), "");
  EXPECT_FALSE(open.expired());
  const v1::Marking over = FirstMarking("秘密★5年\n报告\n印发日期：2020年3月1日\n");
  EXPECT_EQ(over.declassify_date(), "2025-03-01");
  EXPECT_TRUE(over.expired());
  const v1::Marking running = FirstMarking("机密★10年\n报告\n2020年3月1日\n");
  EXPECT_EQ(running.declassify_date(), "2030-03-01");
  EXPECT_FALSE(running.expired());
  // A date in running text is not when the document was issued.
  EXPECT_FALSE(FirstMarking("秘密★1年\n自2015年3月1日起施行。\n").expired());
  // Of two dates the later one counts.
  EXPECT_FALSE(FirstMarking("秘密★5年\n2015年3月1日\n印发日期：2024年3月1日\n").expired());
}

TEST(Term, DatesDecideByThemselves) {
  EXPECT_TRUE(FirstMarking("机密★2024-12-31前").expired());
  EXPECT_EQ(FirstMarking("机密★2024-12-31前").declassify_date(), "2024-12-31");
  EXPECT_FALSE(FirstMarking("绝密★2027年6月30日前").expired());
  EXPECT_TRUE(FirstMarking("机密★至2026年5月31日").expired());
  EXPECT_FALSE(FirstMarking("机密★至2026年11月24日").expired());
  EXPECT_TRUE(FirstMarking("机密★2026年11月24日前").expired());
  EXPECT_EQ(FirstMarking("秘密★2027年6月").declassify_date(), "2027-06-30");
  EXPECT_TRUE(FirstMarking("机密★2020年1月至2022年1月").expired());
  EXPECT_EQ(FirstMarking("机密★2024年1月至2029年1月").declassify_date(), "2029-01-31");
  EXPECT_EQ(FirstMarking("秘密★2024-03-01 - 2027-02-28").declassify_date(), "2027-02-28");
  EXPECT_EQ(FirstMarking("秘密★2024年5月至今").declassify_date(), "2024-05-31");
  EXPECT_FALSE(FirstMarking("绝密★启用前").expired());
  EXPECT_EQ(FirstMarking("绝密★启用前").term(), "启用前");
}

TEST(Term, OtherWaysToSayIt) {
  const v1::Marking labelled =
      FirstMarking("密级：机密    保密期限：二十年\n编制日期：2001-05-01\n");
  EXPECT_EQ(labelled.term(), "二十年");
  EXPECT_EQ(labelled.declassify_date(), "2021-05-01");
  EXPECT_TRUE(labelled.expired());
  EXPECT_TRUE(FirstMarking("密级：机密\n解密日期：2025年1月1日\n").expired());
  EXPECT_TRUE(FirstMarking("机密★10年（已解密）").expired());
  EXPECT_TRUE(FirstMarking("密级:秘密(已于2021年5月解密)").expired());
  EXPECT_TRUE(FirstMarking("SECRET\nDECLASSIFIED 2019-05-01\nTelegram\n").expired());
  EXPECT_FALSE(FirstMarking("SECRET\nDECLASSIFIED DOCUMENTS OF 1962\n").expired());
  EXPECT_TRUE(FirstMarking("已解密\n机密★10年\n关于会议的报告\n").expired());
  EXPECT_TRUE(FirstMarking("SECRET\nDECLASSIFIED\nTelegram\n").expired());
  EXPECT_FALSE(FirstMarking("机密★10年\n关于已解密档案的报告\n").expired());
  EXPECT_EQ(FirstMarking("秘密★6个月\n2026年1月15日印发\n").declassify_date(), "2026-07-15");
}

TEST(Extent, CoversStarAndTerm) {
  const auto judged = JudgeMarkings("  机 密★ 10年  特急", v1::PART_KIND_BODY);
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_TRUE(judged[0].accepted());
  EXPECT_EQ(judged[0].from, 2U);
  EXPECT_EQ(judged[0].value, "机密★10年");
  EXPECT_EQ(judged[0].to, std::string_view("  机 密★ 10年").size());
}

// Confidentiality rules of five companies, full of the words and none of them classified.
TEST(Policies, HaveNoMarking) {
  const std::filesystem::path folder =
      std::filesystem::path(SHOUMI_SOURCE_DIR).parent_path() / "shared" / "policies";
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "no folder of policies next to the sources";
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ++files;
    for (const v1::PartKind kind : {v1::PART_KIND_BODY, v1::PART_KIND_FIRST_PAGE}) {
      for (const Judgement& judged : JudgeMarkings(text, kind)) {
        EXPECT_FALSE(judged.accepted()) << entry.path().filename() << ": " << judged.value;
      }
    }
  }
  EXPECT_GT(files, 0U);
}

TEST(TouchesProse, OnlyWhereNoFormOfMarkingCanStand) {
  const auto touches = [](std::string_view text) {
    const LevelWord word = FindLevelWord(text, text.rfind("密"), text.rfind("密"));
    EXPECT_TRUE(word.found()) << text;
    return TouchesProse(text, word);
  };
  for (const std::string_view prose :
       {"国家秘密", "会议列为机密", "秘密管理", "保守机密。", "绝密的"}) {
    EXPECT_TRUE(touches(prose)) << prose;
  }
  for (const std::string_view open :
       {"公司机密", "本文件为机密", "此资料属于绝密", "密级机密", "机密文件", "机密级", "【绝密】",
        "绝密★", "本公司 机密 严禁外传", "保密程度绝密", "机密"}) {
    EXPECT_FALSE(touches(open)) << open;
  }
}

}  // namespace
}  // namespace shoumi::rules
