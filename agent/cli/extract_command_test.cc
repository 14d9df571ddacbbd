#include <string>
#include <utility>
#include <vector>

#include "agent/cli/testing/command_line.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// `shoumi extract` as it is built, end to end.
namespace shoumi::cli {
namespace {

using testing::HasSubstr;

class ExtractTest : public CommandLineTest {
 protected:
  Outcome Extract(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), "extract");
    return Run(std::move(words), input);
  }
};

TEST_F(ExtractTest, TextComesPartByPart) {
  const Outcome run = Extract({Write("a.txt", "秘密\n\n正文")});
  EXPECT_EQ(run.exit_status, 0) << run.err;
  EXPECT_EQ(run.out, "-- name\na.txt\n-- first page\n秘密\n\n正文\n");
  EXPECT_EQ(run.err, "");
}

TEST_F(ExtractTest, JsonIsOneObjectAFile) {
  const std::string zip = inspect::MakeZip({{"x.txt", "in it"}});
  const Outcome run =
      Extract({"--json", Write("a.zip", zip), Write("b.txt", "绝密★10年\n\n正文\n")});
  EXPECT_EQ(run.exit_status, 0) << run.err;
  EXPECT_EQ(run.out, "{\"path\":\"" + Path("a.zip") +
                         "\",\"status\":\"clean\",\"reason\":\"\",\"parts\":[" +
                         R"({"part":"name","text":"a.zip"},{"part":"x.txt/name","text":"x.txt"},)" +
                         R"({"part":"x.txt/first page","text":"in it"}]})" + "\n{\"path\":\"" +
                         Path("b.txt") + "\",\"status\":\"match\",\"reason\":\"\",\"parts\":[" +
                         R"({"part":"name","text":"b.txt"},)" +
                         R"({"part":"first page","text":"绝密★10年\n\n正文\n"}]})" + "\n");
}

TEST_F(ExtractTest, WhatIsNotReadIsSaidAndTheRestShown) {
  const std::string zip = inspect::MakeZip({{"x.txt", "in it"}, {"y.png", "\x89PNG\r\n\x1a\n"}});
  const Outcome run = Extract({Write("a.zip", zip)});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_THAT(run.out, HasSubstr("-- x.txt/first page\nin it\n"));
  EXPECT_EQ(run.err, "shoumi: " + Path("a.zip") + ": y.png: format not supported (image/png)\n");
  const auto object = Extract({"--json", Path("a.zip")}).Objects().at(0);
  EXPECT_EQ(object["status"], "unscanned");
  EXPECT_EQ(object["reason"], "unsupported");
  EXPECT_EQ(Extract({Path("missing")}).exit_status, 2);
}

// More than the socket holds, so the worker waits for who reads.
TEST_F(ExtractTest, LongTextComesWhole) {
  std::string text;
  for (int i = 0; i < 2'000'000; ++i) text += "第" + std::to_string(i) + "行\n";
  const Outcome run = Extract({"-"}, text);
  EXPECT_EQ(run.exit_status, 0) << run.err;
  std::string shown = run.out;
  for (const std::string head : {"-- first page\n", "-- body\n"}) {
    const size_t at = shown.find(head);
    ASSERT_NE(at, std::string::npos);
    shown.erase(at, head.size());
  }
  EXPECT_TRUE(shown == text);
}

TEST_F(ExtractTest, SeveralFilesHaveTheirHeads) {
  Write("d/a.txt", "one");
  Write("d/b.txt", "two\n");
  const Outcome run = Extract({Path("d")});
  EXPECT_EQ(run.out, "== " + Path("d/a.txt") + "\n-- name\na.txt\n-- first page\none\n== " +
                         Path("d/b.txt") + "\n-- name\nb.txt\n-- first page\ntwo\n");
}

TEST_F(ExtractTest, TextThatNobodyReadsIsAnError) {
  run_as_ = {"/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh"};
  const Outcome run = Extract({Write("a.txt", "x")});
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_THAT(run.err, HasSubstr("could not be written"));
}

}  // namespace
}  // namespace shoumi::cli
