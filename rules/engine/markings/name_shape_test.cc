#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "rules/engine/markings/judging.h"
#include "rules/engine/text/normalise.h"

namespace shoumi::rules {
namespace {

// The level a name marks its document with; LEVEL_UNSPECIFIED when it does not.
v1::Level LevelOfName(std::string_view name, v1::PartKind kind = v1::PART_KIND_FILE_NAME) {
  return FirstMarking(NormaliseText(name), kind).level();
}

struct Marked {
  std::string_view name;
  v1::Level level;
};

TEST(Names, Mark) {
  const std::vector<Marked> names = {
      {"绝密方案.txt", v1::LEVEL_TOP_SECRET},
      {"密级：秘密 x.txt", v1::LEVEL_CONFIDENTIAL},
      {"机密-2024预算.xlsx", v1::LEVEL_SECRET},
      {"（秘密）报告.docx", v1::LEVEL_CONFIDENTIAL},
      {"【绝密】x.pdf", v1::LEVEL_TOP_SECRET},
      {"投标方案_机密★5年.docx", v1::LEVEL_SECRET},
      {"Confidential - board minutes.docx", v1::LEVEL_CONFIDENTIAL},
      {"TOP SECRET plan.pdf", v1::LEVEL_TOP_SECRET},
      // A label.
      {"密级机密_供应商名单.xlsx", v1::LEVEL_SECRET},
      {"[密级:绝密]网络拓扑.vsdx", v1::LEVEL_TOP_SECRET},
      {"会议纪要（密级：机密）.doc", v1::LEVEL_SECRET},
      // Parted from the rest on both sides.
      {"机密.docx", v1::LEVEL_SECRET},
      {"绝密 并购方案.pptx", v1::LEVEL_TOP_SECRET},
      {"2025年度经营计划-秘密.docx", v1::LEVEL_CONFIDENTIAL},
      {"客户名单_机密_20250901.xlsx", v1::LEVEL_SECRET},
      {"董事会材料（绝密）v3.zip", v1::LEVEL_TOP_SECRET},
      {"薪酬表(内部机密).xlsx", v1::LEVEL_SECRET},
      {"机密级-核心系统口令.docx", v1::LEVEL_SECRET},
      {"绝密文件-招标底价.docx", v1::LEVEL_TOP_SECRET},
      {"2026预算【公司机密】.xlsx", v1::LEVEL_SECRET},
      {"秘密★会议纪要.doc", v1::LEVEL_CONFIDENTIAL},
      {"机密★10年 重大项目清单.wps", v1::LEVEL_SECRET},
      {"方案.机密.docx", v1::LEVEL_SECRET},
      {"机密+报价+恒泰.xlsx", v1::LEVEL_SECRET},
      {"绝密-监控录像.mp4", v1::LEVEL_TOP_SECRET},
      {"审计/2025/机密-审计报告.pdf", v1::LEVEL_SECRET},
      // By figures.
      {"机密2024年预算.xlsx", v1::LEVEL_SECRET},
      {"20250912机密.docx", v1::LEVEL_SECRET},
      // Glued to the title of a document.
      {"机密薪酬表.xlsx", v1::LEVEL_SECRET},
      {"绝密招标方案V2.docx", v1::LEVEL_TOP_SECRET},
      {"机密董事会纪要.pdf", v1::LEVEL_SECRET},
      {"機密會議紀錄.docx", v1::LEVEL_SECRET},
      {"绝密报价单_恒泰.xlsx", v1::LEVEL_TOP_SECRET},
      {"2025机密经营计划.pptx", v1::LEVEL_SECRET},
      {"投标方案绝密.docx", v1::LEVEL_TOP_SECRET},
      {"宁远项目-并购预算机密版.xlsx", v1::LEVEL_SECRET},
      {"高管名单机密★3年.docx", v1::LEVEL_SECRET},
      // English.
      {"CONFIDENTIAL_offer.pdf", v1::LEVEL_CONFIDENTIAL},
      {"CONFIDENTIAL Board minutes October.docx", v1::LEVEL_CONFIDENTIAL},
      {"Meridian offer - Private and Confidential.pdf", v1::LEVEL_CONFIDENTIAL},
      {"Term sheet (Strictly Confidential).docx", v1::LEVEL_CONFIDENTIAL},
      {"Salary review (confidential).xlsx", v1::LEVEL_CONFIDENTIAL},
      {"board_pack_confidential.pdf", v1::LEVEL_CONFIDENTIAL},
      {"[SECRET] network plan.docx", v1::LEVEL_SECRET},
      {"SECRET - network plan.docx", v1::LEVEL_SECRET},
      {"TOP_SECRET_depot closure.pptx", v1::LEVEL_TOP_SECRET},
      {"Q3 forecast - CONFIDENTIAL.pptx", v1::LEVEL_CONFIDENTIAL},
      {"Project Heron, Top Secret.docx", v1::LEVEL_TOP_SECRET},
      {"恒泰并购 CONFIDENTIAL.pdf", v1::LEVEL_CONFIDENTIAL},
      {"CONFIDENTIAL.pdf", v1::LEVEL_CONFIDENTIAL},
      // Not to be told from stories and advertising: docs/QUALITY.md.
      {"绝密押题试卷.pdf", v1::LEVEL_TOP_SECRET},
      {"绝密行动计划.docx", v1::LEVEL_TOP_SECRET},
      {"TOP-SECRET-RECIPE.txt", v1::LEVEL_TOP_SECRET},
  };
  for (const Marked& marked : names) {
    EXPECT_EQ(v1::Level_Name(LevelOfName(marked.name)), v1::Level_Name(marked.level))
        << marked.name;
  }
}

TEST(Names, OnlyMention) {
  const std::vector<std::string_view> names = {
      "保密制度.docx",
      "涉密人员管理办法.docx",
      "机密性设计说明.docx",
      "秘密花园.epub",
      "商业秘密保护指南.pdf",
      "confidentiality-agreement.docx",
      "secret_santa.txt",
      "client_secret.json",
      "绝密飞行.mp4",
      // About the handling of secrets.
      "机密文件管理办法.docx",
      "机密文件借阅登记表.xlsx",
      "机密信息处理流程.docx",
      "绝密资料销毁记录.docx",
      "机密载体清单.xlsx",
      "机密级计算机台账.xlsx",
      "密级变更登记表.xlsx",
      "保守国家秘密法（2024修订）.pdf",
      "秘密级军工保密资格认证.pdf",
      "国家秘密定密管理规定.doc",
      "涉密人员机密知悉清单.xlsx",
      "员工保守公司机密承诺书.docx",
      "泄露机密处理报告.docx",
      "绝密机密秘密划分标准.docx",
      "密级（绝密、机密、秘密）说明.docx",
      "“机密”标识样式.docx",
      // Another word that starts alike.
      "机密计算白皮书.pdf",
      "机密计算方案.pptx",
      "机密数据备份方案.docx",
      "机密信息清单.xlsx",
      // Titles.
      "绝密飞行 1080p.mkv",
      "绝密 飞行.mp4",
      "绝密.mp4",
      "秘密访客.srt",
      "绝密档案观影报告.pdf",
      "成功的秘密.pdf",
      "销售冠军的七个秘密.pptx",
      "不能说的秘密.mp3",
      "秘密会议纪要.docx",
      "商业秘密培训课件.pptx",
      "技术秘密许可合同.docx",
      "国家机密.txt",
      "机密借阅登记表.xlsx",
      "绝密销毁清单.docx",
      "秘密档案.docx",
      "秘密.docx",
      "涉密计算机台账（机密级）.xlsx",
      "机密虚拟机部署方案.pdf",
      "最高机密.txt",
      // English.
      "Confidentiality Agreement - Northgate.pdf",
      "confidential information policy.docx",
      "Confidential Information Memorandum.pdf",
      "the secret life of bees.txt",
      "Secret Garden.pdf",
      "SECRET GARDEN.pdf",
      "TOP SECRET RECIPES.pdf",
      "TOP SECRET.mp4",
      "Top secret recipes.docx",
      "NON-CONFIDENTIAL version.pdf",
      "Response (Non-Confidential).pdf",
      "not confidential.txt",
      "client_secret_rotation.txt",
      "CLIENT_SECRET.env",
      "secretary-handbook.pdf",
      "kubernetes-secret.yaml",
      "confidential-client.py",
      "Confidential board minutes.docx",
      "keep_it_secret.docx",
      "trade secret licence.docx",
  };
  for (const std::string_view name : names) {
    EXPECT_EQ(v1::Level_Name(LevelOfName(name)), v1::Level_Name(v1::LEVEL_UNSPECIFIED)) << name;
  }
}

// Any business title that marks with a separator also does without one, on either side, whatever
// the kind of office file; a film never does without one.
TEST(Names, SeparatorsMakeNoDifferenceToTitlesOfDocuments) {
  for (const std::string_view level : {"机密", "绝密"}) {
    for (const std::string_view title :
         {"投标方案", "2025年预算", "客户名单", "薪酬调整明细", "收购计划书"}) {
      for (const std::string_view extension : {".docx", ".xlsx", ".pdf", ".txt", ".zip", ""}) {
        const std::string stem(title);
        const std::string end(extension);
        for (const std::string& name : {std::string(level) + stem, stem + std::string(level)}) {
          EXPECT_NE(LevelOfName(name + end), v1::LEVEL_UNSPECIFIED) << name + end;
          EXPECT_EQ(LevelOfName(name + ".mp4"), LevelOfName(std::string(level) + "行动.mp4"))
              << name;
        }
        EXPECT_NE(LevelOfName(stem + "-" + std::string(level) + end), v1::LEVEL_UNSPECIFIED);
      }
    }
  }
}

TEST(Names, OfPropertiesFollowTheSameRules) {
  EXPECT_EQ(LevelOfName("Title: 绝密并购方案", v1::PART_KIND_PROPERTY), v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(LevelOfName("Sensitivity: Highly Confidential", v1::PART_KIND_PROPERTY),
            v1::LEVEL_CONFIDENTIAL);
  EXPECT_EQ(LevelOfName("Title: 机密计算技术白皮书", v1::PART_KIND_PROPERTY),
            v1::LEVEL_UNSPECIFIED);
}

// Names of entries of archives may be as long as their format allows, and full of the words.
TEST(Names, CostNoMoreThanTheirLength) {
  const auto seconds = [](size_t words) {
    std::string name;
    for (size_t i = 0; i < words; ++i) {
      name += "机密Strictly and ";
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(LevelOfName(name + ".docx"), v1::LEVEL_UNSPECIFIED);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds(100);
  // Twenty times the words: each may look a bounded way around, so about twenty times the time.
  EXPECT_LT(seconds(20000), 100 * seconds(1000) + 0.05);
}

}  // namespace
}  // namespace shoumi::rules
