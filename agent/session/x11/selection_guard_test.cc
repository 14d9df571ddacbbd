#include "agent/session/x11/selection_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "agent/session/x11/testing/guarded_display.h"

namespace shoumi::session {
namespace {

using ::testing::Contains;
using testing::Content;
using ::testing::HasSubstr;
using testing::LongText;
using ::testing::Not;
using testing::Owner;
using testing::Requestor;
using testing::RunProgram;
using testing::TextOf;
using testing::WaitUntil;

class SelectionGuardTest : public testing::GuardedDisplay {
 protected:
  void Copy(const std::string& text, const std::string& selection = "clipboard") {
    const auto ended =
        RunProgram({"xclip", "-display", display(), "-selection", selection, "-i"}, text, false);
    ASSERT_EQ(ended.status, 0);
  }
  testing::Ended Paste(const std::string& target = "UTF8_STRING",
                       const std::string& selection = "clipboard") {
    return RunProgram({"xclip", "-display", display(), "-selection", selection, "-o", "-t", target},
                      "");
  }
};

GuardLimits AtOnce() {
  GuardLimits limits;
  limits.primary_waits = false;
  return limits;
}

TEST_F(SelectionGuardTest, ServesWhatPassesUnchangedToRealPrograms) {
  Guard(Passes(), AtOnce());
  const std::string text = "客户资料 plain\n";
  Copy(text);
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste().output, text);
  const auto xsel = RunProgram({"xsel", "--display", display(), "-b", "-o"}, "");
  EXPECT_EQ(xsel.output, text);

  ASSERT_EQ(RunProgram({"xsel", "--display", display(), "-p", "-i"}, "middle click", false).status,
            0);
  ASSERT_TRUE(TakenOver(2));
  EXPECT_EQ(Paste("UTF8_STRING", "primary").output, "middle click");
  EXPECT_EQ(Paste().output, text);  // the other selection is as it was
}

TEST_F(SelectionGuardTest, RefusesByRequestorAndContent) {
  Guard([](const Question& question) {
    return std::ranges::none_of(question.parts, [](const Part& part) {
      return TextOf(part).find("secret") != std::string::npos;
    });
  });
  Copy("a secret");
  ASSERT_TRUE(TakenOver(1));
  const auto refused = Paste();
  EXPECT_NE(refused.status, 0);
  EXPECT_EQ(refused.output, "");
  // Who may not have it learns what kinds there are, as ever.
  EXPECT_THAT(Paste("TARGETS").output, HasSubstr("UTF8_STRING"));
  Copy("open");
  ASSERT_TRUE(TakenOver(2));
  EXPECT_EQ(Paste().output, "open");
}

TEST_F(SelectionGuardTest, NamesBothProgramsByTheirConnection) {
  Guard(Passes());
  Copy("text");
  ASSERT_TRUE(TakenOver(1));
  const auto paste = Paste();
  const auto asked = judge_->asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].requestor, paste.pid);
  EXPECT_GT(asked[0].source, 0);
  EXPECT_NE(asked[0].source, paste.pid);
  EXPECT_NE(asked[0].source, ::getpid());
  EXPECT_EQ(asked[0].selection, "CLIPBOARD");
}

TEST_F(SelectionGuardTest, KeepsEveryTargetByteForByte) {
  Guard(Passes());
  std::string binary(3000, '\0');
  for (size_t i = 0; i < binary.size(); ++i) binary[i] = static_cast<char>(i * 7);
  const std::map<std::string, Content> given{
      {"UTF8_STRING", {"UTF8_STRING", 8, "text"}},
      {"STRING", {"STRING", 8, "text"}},
      {"COMPOUND_TEXT", {"COMPOUND_TEXT", 8, "\x1b%Gtext"}},
      {"text/html", {"text/html", 8, "<b>text</b>"}},
      {"text/rtf", {"text/rtf", 8, "{\\rtf1 text}"}},
      {"image/png", {"image/png", 8, binary}},
      {"text/uri-list", {"text/uri-list", 8, "file:///tmp/a\r\n"}},
      {"x-special/gnome-copied-files", {"x-special/gnome-copied-files", 8, "copy\nfile:///tmp/a"}},
      {"application/x-own", {"application/x-other-type", 32, binary}},
      {"application/x-words", {"INTEGER", 16, binary}},
      {"application/x-empty", {"application/x-empty", 8, ""}}};
  std::map<std::string, Owner::Act> acts;
  std::vector<std::string> names{"TARGETS", "MULTIPLE", "TIMESTAMP", "SAVE_TARGETS", "DELETE"};
  for (const auto& [name, content] : given) {
    names.push_back(name);
    acts[name] = Owner::Gives(content);
  }
  names.push_back("image/never");  // offered, and refused when asked for
  acts["TARGETS"] = Owner::Offers(names);
  const Owner owner(display(), "CLIPBOARD", acts);
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  const auto offered = requestor.Targets("CLIPBOARD");
  EXPECT_THAT(offered, Not(Contains("DELETE")));
  EXPECT_THAT(offered, Not(Contains("image/never")));
  for (const auto& [name, content] : given) {
    EXPECT_THAT(offered, Contains(name));
    const auto got = requestor.Convert("CLIPBOARD", name);
    ASSERT_TRUE(got.has_value()) << name;
    EXPECT_EQ(got->type, content.type) << name;
    EXPECT_EQ(got->format, content.format) << name;
    EXPECT_EQ(got->bytes, content.bytes) << name;
  }
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "DELETE"), std::nullopt);
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "image/never"), std::nullopt);
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "SAVE_TARGETS")->type, "NULL");
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "TIMESTAMP")->bytes.size(), 4U);
}

TEST_F(SelectionGuardTest, PassesThirtyMegabytesInPieces) {
  Guard(Passes());
  const std::string text = LongText(30 << 20);
  Copy(text);
  ASSERT_TRUE(TakenOver(1));
  const auto paste = Paste();
  EXPECT_EQ(paste.status, 0);
  EXPECT_TRUE(paste.output == text) << paste.output.size();
  const auto xsel = RunProgram({"xsel", "--display", display(), "-b", "-o"}, "");
  EXPECT_TRUE(xsel.output == text) << xsel.output.size();
}

TEST_F(SelectionGuardTest, ReadsAnOwnerThatGivesPieces) {
  Guard(Passes());
  const std::string piece = LongText(100'000);
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::GivesInPieces(piece, 40)}});
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  const auto got = requestor.Convert("CLIPBOARD", "UTF8_STRING");
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->bytes.size(), piece.size() * 40);
  EXPECT_EQ(got->bytes.substr(piece.size() * 39), piece);
}

TEST_F(SelectionGuardTest, ServesWhatItsOwnerTookToTheGrave) {
  Guard(Passes());
  {
    const Owner owner(display(), "CLIPBOARD",
                      {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                       {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "still there"})}});
    ASSERT_TRUE(TakenOver(1));
  }
  EXPECT_EQ(Paste().output, "still there");
}

TEST_F(SelectionGuardTest, AnswersMultipleOneByOne) {
  Guard([](const Question& question) { return question.parts[0].target != "text/html"; });
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING", "text/html"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})},
                     {"text/html", Owner::Gives({"text/html", 8, "<b>"})}});
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  const auto pairs =
      requestor.ConvertMultiple("CLIPBOARD", {"UTF8_STRING", "text/html", "none", "TIMESTAMP"});
  ASSERT_EQ(pairs.size(), 8U);
  EXPECT_EQ(pairs[1], requestor.display().Atom("GOT_UTF8_STRING"));
  EXPECT_EQ(pairs[3], XCB_ATOM_NONE);
  EXPECT_EQ(pairs[5], XCB_ATOM_NONE);
  EXPECT_EQ(pairs[7], requestor.display().Atom("GOT_TIMESTAMP"));
  EXPECT_EQ(requestor.Take("GOT_UTF8_STRING").bytes, "text");
  EXPECT_EQ(requestor.Take("GOT_text/html").type, "");
  const std::vector<std::string> many(GuardLimits().pairs_max + 1, "UTF8_STRING");
  EXPECT_TRUE(requestor.ConvertMultiple("CLIPBOARD", many).empty());
  EXPECT_TRUE(WaitUntil([&] { return guard_->counters().refused_by_bounds == 1; }));
}

TEST_F(SelectionGuardTest, OnePasteIsOneQuestion) {
  Guard(Passes());
  Copy("text");
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(requestor.Convert("CLIPBOARD", "UTF8_STRING"));
  EXPECT_EQ(judge_->asked().size(), 1U);
}

TEST_F(SelectionGuardTest, APasteAgainIsAskedAgain) {
  GuardLimits limits;
  limits.paste_ms = std::chrono::milliseconds(30);
  Guard(Refuses(), limits);
  Copy("text");
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_FALSE(requestor.Convert("CLIPBOARD", "UTF8_STRING"));
    return judge_->asked().size() == 2;
  }));
}

TEST_F(SelectionGuardTest, LegacyEncodingsAreAskedAboutWithTheText) {
  Guard([](const Question& question) {
    return std::ranges::none_of(question.parts,
                                [](const Part& part) { return TextOf(part) == "机密"; });
  });
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"COMPOUND_TEXT", "UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "机密"})},
                     {"COMPOUND_TEXT", Owner::Gives({"COMPOUND_TEXT", 8, "\x1b$(A;z"})}});
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  EXPECT_FALSE(requestor.Convert("CLIPBOARD", "COMPOUND_TEXT"));
}

TEST_F(SelectionGuardTest, EmptiedOnPurposeStaysEmpty) {
  Guard(Passes());
  Copy("password");
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  ::xcb_set_selection_owner(requestor.display().raw(), XCB_NONE,
                            requestor.display().Atom("CLIPBOARD"), XCB_CURRENT_TIME);
  ::xcb_flush(requestor.display().raw());
  EXPECT_TRUE(WaitUntil([&] { return guard_->counters().held == 0; }));
  EXPECT_FALSE(requestor.Convert("CLIPBOARD", "UTF8_STRING"));
}

TEST_F(SelectionGuardTest, OffLeavesCopiesAlone) {
  Guard(Refuses());
  guard_->SetGuarding(false);
  Copy("text");
  EXPECT_EQ(Paste().output, "text");
  EXPECT_EQ(guard_->counters().taken_over, 0U);
  guard_->SetGuarding(true);  // what is there is taken over
  ASSERT_TRUE(TakenOver(1));
  EXPECT_NE(Paste().status, 0);
}

// A selection by mouse keeps its highlight while the user stays in the program.
TEST_F(SelectionGuardTest, PrimaryIsTakenOverWhenTheUserTurnsToAnotherProgram) {
  Guard(Refuses());
  testing::Terminal terminal(display());
  if (!terminal.started()) GTEST_SKIP() << "xterm is not installed";
  Requestor requestor(display());
  ASSERT_TRUE(WaitUntil([&] { return terminal.Mapped(requestor.display()); }));
  const Owner owner(display(), "PRIMARY",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "highlighted"})}});
  EXPECT_EQ(requestor.Convert("PRIMARY", "UTF8_STRING")->bytes, "highlighted");
  EXPECT_EQ(owner.lost(), 0U);
  EXPECT_EQ(guard_->counters().taken_over, 0U);
  terminal.PointInto(requestor.display());
  ASSERT_TRUE(TakenOver(1));
  EXPECT_FALSE(requestor.Convert("PRIMARY", "UTF8_STRING"));
  EXPECT_TRUE(WaitUntil([&] { return owner.lost() == 1; }));
}

TEST_F(SelectionGuardTest, ADisplayHasOneGuard) {
  Guard(Passes());
  EXPECT_EQ(SelectionGuard::Open(display(), *judge_).status().code(),
            absl::StatusCode::kAlreadyExists);
  StopGuard();
  guard_.reset();
  EXPECT_TRUE(WaitUntil([&] { return SelectionGuard::Open(display(), *judge_).ok(); }));
}

TEST_F(SelectionGuardTest, EndsWithTheServer) {
  Guard(Passes());
  server_->Kill();
  thread_.join();
  EXPECT_EQ(ended_.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(SelectionGuard::Open(display(), *judge_).ok());
}

}  // namespace
}  // namespace shoumi::session
