#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "agent/cli/testing/command_line.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

// `shoumi scan` as it is built, end to end.
namespace shoumi::cli {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

constexpr const char* kId = "11010519491231002X";

class ScanTest : public CommandLineTest {
 protected:
  Outcome Scan(std::vector<std::string> words, const std::string& input = "",
               const std::string& locale = "LC_ALL=C.UTF-8") {
    words.insert(words.begin(), "scan");
    return Run(std::move(words), input, locale);
  }
};

TEST_F(ScanTest, CleanIsZeroAndHasEveryField) {
  const Outcome run = Scan({"--json", Write("clean.txt", "hello\n")});
  EXPECT_EQ(run.exit_status, 0) << run.err;
  EXPECT_EQ(run.out, "{\"path\":\"" + Path("clean.txt") +
                         "\",\"status\":\"clean\",\"reason\":\"\",\"level\":\"none\","
                         "\"declassified\":false,\"findings\":[]}\n");
  EXPECT_EQ(run.err, "");
}

TEST_F(ScanTest, AFindingIsOneAndMasked) {
  const Outcome run = Scan({"--json", Write("a.txt", std::string("身份证号 ") + kId + "\n")});
  EXPECT_EQ(run.exit_status, 1);
  const ordered_json object = run.Objects().at(0);
  EXPECT_EQ(object["status"], "match");
  const ordered_json& finding = object["findings"].at(0);
  EXPECT_EQ(finding["rule"], "cn.resident_id");
  EXPECT_EQ(finding["count"], 1);
  EXPECT_EQ(finding["matches"].at(0)["start"], 13);
  EXPECT_EQ(finding["matches"].at(0)["end"], 31);
  EXPECT_EQ(run.out.find(kId), std::string::npos);
}

TEST_F(ScanTest, AMarkingHasItsLevelAndAnExpiredOneIsDeclassified) {
  Write("1.txt", "绝密★10年\n2026年3月1日\n\n正文\n");
  Write("2.txt", "机密★1年\n2020年3月1日\n\n正文\n");
  const Outcome run = Scan({"--json", "--today", "2027-01-01", Path("1.txt"), Path("2.txt")});
  const auto objects = run.Objects();
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0]["level"], "top_secret");
  EXPECT_EQ(objects[0]["declassified"], false);
  EXPECT_EQ(objects[1]["status"], "clean");
  EXPECT_EQ(objects[1]["level"], "none");
  EXPECT_EQ(objects[1]["declassified"], true);
  EXPECT_EQ(objects[1]["findings"].size(), 0U);
}

TEST_F(ScanTest, FilesComeInOrderFoldersSorted) {
  for (const char* name : {"d/c.txt", "d/a.txt", "d/b/z.txt", "x.txt", "d/b.txt"}) Write(name, "t");
  const Outcome run = Scan({"--json", Path("x.txt"), Path("d")});
  std::vector<std::string> paths;
  for (const auto& object : run.Objects()) paths.push_back(object["path"]);
  EXPECT_THAT(paths, testing::ElementsAre(Path("x.txt"), Path("d/a.txt"), Path("d/b/z.txt"),
                                          Path("d/b.txt"), Path("d/c.txt")));
}

TEST_F(ScanTest, ManyFilesStayInOrder) {
  for (int i = 0; i < 300; ++i) Write("d/" + std::to_string(1000 + i), std::string(i * 37, 'x'));
  const auto objects = Scan({"--json", Path("d")}).Objects();
  ASSERT_EQ(objects.size(), 300U);
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(objects[i]["path"], Path("d/" + std::to_string(1000 + i)));
}

TEST_F(ScanTest, APathThatIsNotThere) {
  const Outcome run = Scan({"--json", Path("missing"), Write("here.txt", "t")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.err, "shoumi: " + Path("missing") + ": No such file or directory\n");
  EXPECT_EQ(run.Objects().size(), 1U);
}

TEST_F(ScanTest, AnUnreadableFile) {
  if (::getuid() == 0) {  // reads everything
    run_as_ = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  }
  ASSERT_EQ(::chmod(Write("locked.txt", "t").c_str(), 0), 0);
  const Outcome run = Scan({Path("locked.txt")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.err, "shoumi: " + Path("locked.txt") + ": Permission denied\n");
}

TEST_F(ScanTest, EmptyAndSparseFilesAreClean) {
  Write("empty", "");
  Write("sparse", "");
  fs::resize_file(folder_ / "sparse", 64ULL << 30);
  const Outcome run = Scan({"--json", Path("empty"), Path("sparse")});
  EXPECT_EQ(run.exit_status, 0) << run.out << run.err;
  EXPECT_EQ(run.Objects().size(), 2U);
}

TEST_F(ScanTest, SpecialFilesAreNamedNeverOpened) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  Outcome run = Scan({Path("pipe")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.err, "shoumi: " + Path("pipe") + ": a pipe, not a file\n");

  Write("a.txt", "t");
  run = Scan({"--json", folder_.string()});
  EXPECT_EQ(run.exit_status, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("skipped: " + Path("pipe") + ": a pipe, not a file"));
}

TEST_F(ScanTest, LinksInFoldersAreNotFollowedAndCounted) {
  const std::string secret = Write("outside.txt", std::string("身份证号 ") + kId + "\n");
  fs::create_directories(folder_ / "d");
  fs::create_symlink(secret, folder_ / "d/link.txt");
  Outcome run = Scan({"--json", Path("d")});
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "1 symbolic links not followed\n");
  run = Scan({"--json", Path("d/link.txt")});  // named by the user: followed
  EXPECT_EQ(run.exit_status, 1);
}

TEST_F(ScanTest, StandardInput) {
  const Outcome run = Scan({"--json", "-"}, std::string("身份证号 ") + kId + "\n");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.Objects().at(0)["path"], "-");
}

TEST_F(ScanTest, WhatCannotBeInspectedIsTwoWithItsReason) {
  const Outcome run = Scan({"--json", Write("a.png", std::string("\x89PNG\r\n\x1a\n"))});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.Objects().at(0)["status"], "unscanned");
  EXPECT_EQ(run.Objects().at(0)["reason"], "unsupported");
}

TEST_F(ScanTest, AFindingCountsMoreThanAnError) {
  const Outcome run = Scan({Path("missing"), Write("a.txt", std::string("身份证号 ") + kId)});
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_THAT(run.err, HasSubstr("No such file"));
}

TEST_F(ScanTest, BrokenPacksNameFileLineAndCode) {
  Write("packs/broken/pack.yaml",
        "pack: broken\nversion: 1\ndetectors:\n  - id: 7 7\n    bogus: 1\n");
  const Outcome run = Scan({"--packs", Path("packs"), Write("a.txt", "t")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, testing::ContainsRegex("pack\\.yaml:[0-9]+: error P[0-9]+"));
}

TEST_F(ScanTest, ClientsOfATableAreFoundInAnyFormat) {
  std::filesystem::create_directory(Path("rows"));
  Write("rows/pack.yaml",
        "pack: rows\nversion: 1\ndetectors:\n  - id: clients.row\n    title: {zh: a, en: b}\n"
        "    registry: clients\n    columns_min: 2\n    within_chars: 200\n");
  Write("clients.yaml",
        "registry: clients\ncolumns:\n  - {head: 名称, type: name}\n  - {head: 电话, type: phone}\n"
        "level: {default: secret}\n");
  const std::string table = Write("clients.csv", "名称,电话\n深圳市鑫瑞科技有限公司,13800138000\n");
  const std::string zip = Write(
      "a.zip", inspect::MakeZip({{"a.txt", "深圳市鑫瑞科技 138-0013-8000"}, {"b.txt", "无关"}}));
  const Outcome run = Scan({"--json", "--packs", Path("rows"), "--registry", table, zip});
  EXPECT_EQ(run.exit_status, 1) << run.err;
  const auto json = ordered_json::parse(run.out);
  EXPECT_EQ(json["level"], "secret");
  EXPECT_EQ(json["findings"][0]["matches"][0]["columns"], (ordered_json{"name", "phone"}));
  EXPECT_EQ(run.out.find("鑫瑞"), std::string::npos);
  const Outcome without = Scan({"--packs", Path("rows"), zip});
  EXPECT_EQ(without.exit_status, 0);
  EXPECT_THAT(without.err, HasSubstr("P152"));
  Write("clients.csv", "名称,电话\n甲乙丙丁公司,12\n");
  const Outcome bad = Scan({"--packs", Path("rows"), "--registry", table, zip});
  EXPECT_EQ(bad.exit_status, 2);
  EXPECT_THAT(bad.err, HasSubstr("clients.csv:2: 电话: "));
}

TEST_F(ScanTest, ACopiedPassageIsFoundWithItsDocument) {
  std::filesystem::create_directory(Path("copied"));
  Write("copied/pack.yaml",
        "pack: copied\nversion: 1\ndetectors:\n  - id: docs.copied\n    title: {zh: a, en: b}\n"
        "    documents: contracts\n    level: secret\n    except_documents: [forms]\n");
  std::string contract;
  for (int i = 1; i <= 30; ++i) {
    contract += fmt::format("第{}条 供方应于{}日内交付编号{}的设备，需方验收后支付{}元。\n", i,
                            i * 7 % 31, i * 977, i * 1313);
  }
  std::filesystem::create_directory(Path("registered"));
  Write("registered/a.txt",
        "通知：下周一停电检修，请各部门提前保存资料并关闭电源，恢复时间另行通知。");
  Write("registered/b.zip", inspect::MakeZip({{"contract.txt", contract}}));
  const std::string passage = contract.substr(0, contract.find("第6条"));
  const std::string mail = Write("mail.txt", "你好，见下文：\n" + passage + "此致");
  const std::string documents = "contracts=" + Path("registered");
  const Outcome run = Scan({"--json", "--packs", Path("copied"), "--documents", documents, mail});
  EXPECT_EQ(run.exit_status, 1) << run.err;
  const auto json = ordered_json::parse(run.out);
  EXPECT_EQ(json["level"], "secret");
  const auto& found = json["findings"][0]["documents"][0];
  EXPECT_EQ(found["collection"], "contracts");
  EXPECT_EQ(found["number"], 2);
  EXPECT_GT(found["permille_of_inspected"], 600);
  EXPECT_EQ(run.out.find("交付"), std::string::npos);

  const std::string forms = "forms=" + Write("form.txt", contract);
  const Outcome form =
      Scan({"--packs", Path("copied"), "--documents", documents, "--excluded", forms, mail});
  EXPECT_EQ(form.exit_status, 0) << form.out;
  const Outcome without = Scan({"--packs", Path("copied"), mail});
  EXPECT_EQ(without.exit_status, 0);
  EXPECT_THAT(without.err, HasSubstr("P154"));
  const Outcome bad = Scan({"--packs", Path("copied"), "--documents", "contracts", mail});
  EXPECT_EQ(bad.exit_status, 2);
  EXPECT_THAT(bad.err, HasSubstr("NAME=PATH"));
  const Outcome nowhere =
      Scan({"--packs", Path("copied"), "--documents", "contracts=" + Path("nowhere"), mail});
  EXPECT_EQ(nowhere.exit_status, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("nowhere"));
}

TEST_F(ScanTest, PacksThatAreNotThere) {
  const Outcome run = Scan({"--packs", Path("nowhere"), Write("a.txt", "t")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_THAT(run.err, HasSubstr("nowhere"));
}

TEST_F(ScanTest, APolicyGivesItsVerdict) {
  const std::string policy = std::string(SHOUMI_SOURCE_DIR) + "/rules/policies/starter.yaml";
  Write("m.txt", "绝密★10年\n\n正文\n");
  const auto objects =
      Scan({"--json", "--policy", policy, Path("m.txt"), Write("c.txt", "t")}).Objects();
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0]["verdict"]["action"], "block");
  EXPECT_EQ(objects[1]["verdict"]["action"], "allow");
}

TEST_F(ScanTest, PicturesInADocumentAreReportedNotBlocked) {
  const std::string policy = std::string(SHOUMI_SOURCE_DIR) + "/rules/policies/starter.yaml";
  const std::string logo("\x89PNG\r\n\x1a\n\0\0\0\r", 12);
  const std::string docx = inspect::MakeZip(
      {{"[Content_Types].xml", "<Types/>"},
       {"word/document.xml", "<w:document><w:p><w:t>会议通知</w:t></w:p></w:document>"},
       {"word/media/image1.png", logo}});
  const auto objects = Scan({"--json", "--policy", policy, Write("a.docx", docx)}).Objects();
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0]["status"], "unscanned");
  EXPECT_EQ(objects[0]["reason"], "unsupported");
  EXPECT_EQ(objects[0]["verdict"]["action"], "report");
}

TEST_F(ScanTest, ABrokenPolicyNamesFileLineAndCode) {
  const std::string policy = Write("policy.yaml", "rules:\n  - id: x\n    bogus: 1\n");
  const Outcome run = Scan({"--policy", policy, Write("a.txt", "t")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_THAT(run.err, testing::ContainsRegex("policy\\.yaml:[0-9]+: error Y[0-9]+"));
}

TEST_F(ScanTest, TextSpeaksTheUsersLanguageWithoutColourOffTerminals) {
  Write("m.txt", "绝密★10年\n\n正文\n");
  EXPECT_THAT(Scan({Path("m.txt")}).out, HasSubstr("m.txt: top secret\n"));
  const Outcome chinese = Scan({Path("m.txt")}, "", "LC_ALL=zh_CN.UTF-8");
  EXPECT_THAT(chinese.out, HasSubstr("m.txt: 绝密\n"));
  EXPECT_EQ(chinese.out.find('\x1b'), std::string::npos);
}

TEST_F(ScanTest, NamesCannotSpeakToTheTerminal) {
  const Outcome run = Scan({Write("a\x1b[31m\xff.txt", "t")});
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_THAT(run.out, HasSubstr("a\\x1b[31m\\xff.txt"));
}

TEST_F(ScanTest, PathsThatAreNotUtf8AreToldApartInJson) {
  Write("n/a\xff.txt", "t");
  Write("n/a\xfe.txt", "t");
  Write("n/方案.txt", "t");
  const Outcome run = Scan({"--json", Path("n")});
  EXPECT_EQ(run.exit_status, 0) << run.err;
  const auto objects = run.Objects();
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(objects[2]["path"], Path("n/方案.txt"));
  EXPECT_FALSE(objects[2].contains("path_bytes"));
  for (const auto& [object, name] :
       {std::pair{objects[0], "n/a\xfe.txt"}, {objects[1], "n/a\xff.txt"}}) {
    EXPECT_EQ(object["path"], Path("n/a\xef\xbf\xbd.txt"));
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(object["path_bytes"].get<std::string>(), &bytes));
    EXPECT_EQ(bytes, Path(name));
  }
}

// Offsets are those of the text: what lies before it in the file does not count.
TEST_F(ScanTest, OffsetsAreInTheTextOfThePart) {
  const auto match = [this](const std::string& path) {
    const Outcome run = Scan({"--json", path});
    EXPECT_EQ(run.exit_status, 1) << run.err;
    return run.Objects().at(0)["findings"][0]["matches"][0];
  };
  const ordered_json gb = match(Write("gb.txt", "\xc9\xed\xb7\xdd\xd6\xa4 " + std::string(kId)));
  EXPECT_EQ(gb["start"], 10);  // three characters of three bytes each, and a space
  EXPECT_EQ(gb["end"], 28);
  const std::string sparse = Write("sparse.txt", std::string(5000, '\n'));
  fs::resize_file(sparse, 64 << 20);
  std::ofstream(sparse, std::ios::binary | std::ios::app) << "\nid: " << kId << "\n";
  EXPECT_LT(match(sparse)["start"], 1 << 20) << "a hole is not text";
}

TEST_F(ScanTest, AskedWronglyIsTwo) {
  EXPECT_EQ(Scan({}).exit_status, 2);
  EXPECT_EQ(Scan({"--bogus", "x"}).exit_status, 2);
  EXPECT_EQ(Scan({"--help"}).exit_status, 0);
}

TEST_F(ScanTest, WordsThatSayNothingAreBadUsage) {
  const std::string file = Write("a.txt", "hello\n");
  const std::vector<std::vector<std::string>> wrong = {
      {"--today", "2026-02-30", file}, {"--today", "tomorrow", file}, {"--channel", "fax", file}};
  for (const auto& words : wrong) {
    const Outcome run = Scan(words);
    EXPECT_EQ(run.exit_status, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(words[0] + ": "));
    EXPECT_THAT(run.err, HasSubstr(words[1]));
  }
}

TEST_F(ScanTest, OutputThatCannotBeWrittenIsSaid) {
  for (const char* redirection : {">/dev/full", ">&-"}) {
    run_as_ = {"/bin/sh", "-c", std::string("exec \"$@\" ") + redirection, "sh"};
    const Outcome clean = Scan({"--json", Write("clean.txt", "hello\n")});
    EXPECT_EQ(clean.exit_status, 2) << redirection;
    EXPECT_THAT(clean.err, HasSubstr("could not be written")) << redirection;
    const Outcome found = Scan({"--json", Write("id.txt", std::string("身份证号 ") + kId + "\n")});
    EXPECT_EQ(found.exit_status, 1) << redirection;
    EXPECT_THAT(found.err, HasSubstr("could not be written")) << redirection;
  }
}

TEST_F(ScanTest, ClosedStandardInputIsAnError) {
  run_as_ = {"/bin/sh", "-c", "exec \"$@\" <&-", "sh"};
  const Outcome run = Scan({"--json", "-"});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_THAT(run.err, HasSubstr("Bad file descriptor"));
}

}  // namespace
}  // namespace shoumi::cli
