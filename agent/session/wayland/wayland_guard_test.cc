#include "agent/session/wayland/wayland_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "agent/session/wayland/testing/bare_compositor.h"
#include "agent/session/wayland/testing/compositor.h"
#include "agent/session/x11/testing/guarded_display.h"

namespace shoumi::session {
namespace {

using testing::Compositor;
using ::testing::HasSubstr;
using testing::LongText;
using testing::RunProgram;
using testing::TestJudge;
using testing::TextOf;
using testing::WaitUntil;

bool HasSecret(const Question& question) {
  return std::ranges::any_of(question.parts, [](const Part& part) {
    return TextOf(part).find("secret") != std::string::npos;
  });
}

class WaylandGuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    if (RunProgram({"wl-copy", "--version"}, "").status != 0) {
      GTEST_SKIP() << "wl-clipboard is not installed";
    }
    compositor_ = Compositor::Start();
    if (!compositor_) GTEST_SKIP() << "sway is not installed, or does not come up";
  }
  void TearDown() override { StopGuard(); }
  void Guard(TestJudge::Rule rule, GuardLimits limits = {}) {
    judge_ = std::make_unique<TestJudge>(std::move(rule));
    auto guard = WaylandGuard::Open(compositor_->display(), *judge_, limits);
    ASSERT_TRUE(guard.ok()) << guard.status();
    guard_ = *std::move(guard);
    thread_ = std::thread([this] { ended_ = guard_->Run(); });
  }
  void StopGuard() {
    if (!thread_.joinable()) return;
    guard_->Stop();
    thread_.join();
  }
  [[nodiscard]] bool TakenOver(uint64_t times) const {
    return WaitUntil([&] { return guard_->counters().taken_over >= times; });
  }
  [[nodiscard]] bool TakenOverNow(uint64_t times) const {
    return guard_->counters().taken_over >= times;
  }
  static void Copy(const std::string& text, const std::vector<std::string>& options = {}) {
    std::vector<std::string> command{"wl-copy"};
    command.insert(command.end(), options.begin(), options.end());
    ASSERT_EQ(RunProgram(command, text, false).status, 0);
  }
  static testing::Ended Paste(const std::vector<std::string>& options = {}) {
    std::vector<std::string> command{"wl-paste", "--no-newline"};
    command.insert(command.end(), options.begin(), options.end());
    return RunProgram(command, "");
  }

  std::unique_ptr<Compositor> compositor_;
  std::unique_ptr<TestJudge> judge_;
  std::unique_ptr<WaylandGuard> guard_;
  absl::Status ended_;
  std::thread thread_;
};

TEST_F(WaylandGuardTest, ServesWhatPassesUnchangedAndRefusesTheRest) {
  Guard([](const Question& question) { return !HasSecret(question); });
  const std::string text = "客户资料 plain\n";
  Copy(text);
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste().output, text);
  Copy("a secret");
  ASSERT_TRUE(TakenOver(2));
  EXPECT_EQ(Paste().output, "");
  const auto asked = judge_->asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].selection, "CLIPBOARD");
  EXPECT_EQ(asked[1].requestor, 0);  // which program it is, the compositor does not say
  EXPECT_EQ(asked[1].source, 0);
}

TEST_F(WaylandGuardTest, KeepsBytesAndKinds) {
  Guard([](const Question&) { return true; });
  std::string binary(300'000, '\0');
  for (size_t i = 0; i < binary.size(); ++i) binary[i] = static_cast<char>(i * 7);
  Copy(binary, {"--type", "image/png"});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste({"--list-types"}).output, "image/png\n");
  EXPECT_TRUE(Paste({"--type", "image/png"}).output == binary);
  const std::string text = LongText(30 << 20);
  Copy(text, {"--type", "text/plain;charset=utf-8"});
  ASSERT_TRUE(TakenOver(2));
  EXPECT_TRUE(Paste().output == text);
}

// What is held is offered again to the guard itself: it is not another copy.
TEST_F(WaylandGuardTest, TakesACopyOverOnce) {
  Guard([](const Question&) { return true; });
  for (uint64_t i = 1; i <= 20; ++i) {
    const std::string text = "copy " + std::to_string(i);
    Copy(text);
    ASSERT_TRUE(TakenOver(i));
    EXPECT_EQ(Paste().output, text);
    EXPECT_EQ(guard_->counters().taken_over, i);
  }
  EXPECT_TRUE(judge_->reports().empty());
}

TEST_F(WaylandGuardTest, ServesWhatItsOwnerGivesOnlyOnce) {
  Guard([](const Question&) { return true; });
  Copy("once", {"--paste-once"});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste().output, "once");
}

TEST_F(WaylandGuardTest, ClearedStaysEmpty) {
  Guard([](const Question&) { return true; });
  Copy("password");
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(RunProgram({"wl-copy", "--clear"}, "", false).status, 0);
  EXPECT_TRUE(WaitUntil([&] { return Paste().status != 0; }));
}

TEST_F(WaylandGuardTest, PrimaryStaysWithItsOwnerWhereItPasses) {
  Guard([](const Question& question) { return !HasSecret(question); });
  ASSERT_TRUE(guard_->primary());
  Copy("clean", {"--primary"});
  ASSERT_TRUE(WaitUntil([&] { return guard_->counters().left == 1; }));
  EXPECT_EQ(guard_->counters().taken_over, 0U);
  EXPECT_EQ(Paste({"--primary"}).output, "clean");
  Copy("a secret", {"--primary"});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste({"--primary"}).output, "");
  EXPECT_EQ(judge_->asked()[0].selection, "PRIMARY");
}

TEST_F(WaylandGuardTest, OffLeavesCopiesAlone) {
  Guard([](const Question&) { return false; });
  guard_->SetGuarding(false);
  Copy("text");
  EXPECT_EQ(Paste().output, "text");
  EXPECT_EQ(guard_->counters().taken_over, 0U);
  guard_->SetGuarding(true);  // what is there is taken over
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste().output, "");
}

// The compositor carries selections of X programs over to Wayland, and the guard's back.
TEST_F(WaylandGuardTest, XProgramsCopyThroughTheSameGuard) {
  if (compositor_->x_display().empty()) GTEST_SKIP() << "sway has no XWayland";
  Guard([](const Question& question) { return !HasSecret(question); });
  const auto copy = [&](const std::string& text) {
    std::vector<std::string> command = compositor_->as_user();
    command.insert(command.end(),
                   {"xclip", "-display", compositor_->x_display(), "-selection", "clipboard"});
    return RunProgram(command, text, false).status;
  };
  if (copy("from X") != 0) GTEST_SKIP() << "XWayland or xclip is not installed";
  // wlroots carries over what is copied while an X program has the focus.
  std::vector<std::string> terminal = compositor_->as_user();
  terminal.insert(terminal.end(), {"xterm", "-display", compositor_->x_display()});
  const pid_t pid = testing::StartProgram(terminal);
  if (pid < 0) GTEST_SKIP() << "xterm is not installed";
  const bool carried = WaitUntil([&] { return copy("from X") == 0 && TakenOverNow(1); });
  EXPECT_TRUE(carried);
  EXPECT_EQ(Paste().output, "from X");
  EXPECT_TRUE(WaitUntil([&] { return copy("a secret") == 0 && Paste().output.empty(); }));
  EXPECT_TRUE(judge_->reports().empty());  // nobody takes anything back
  testing::EndProgram(pid);
}

TEST_F(WaylandGuardTest, EndsWithTheCompositor) {
  Guard([](const Question&) { return true; });
  compositor_->Kill();
  thread_.join();
  EXPECT_EQ(ended_.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(WaylandGuard::Open(compositor_->display(), *judge_).ok());
}

// A program that copies, whatever it likes.
class Hostile {
 public:
  using Act = std::function<void(UniqueFd fd)>;
  Hostile(const std::string& display, const std::vector<std::string>& names, Act act)
      : act_(std::move(act)) {
    auto opened = Connection::Open(display, std::chrono::seconds(20));
    if (!opened.ok()) return;
    connection_ = *std::move(opened);
    device_ = ::zwlr_data_control_manager_v1_get_data_device(connection_->manager(),
                                                             connection_->seats().begin()->second);
    source_ = ::zwlr_data_control_manager_v1_create_data_source(connection_->manager());
    static constexpr zwlr_data_control_source_v1_listener kListener{
        [](void* self, zwlr_data_control_source_v1*, const char*, int fd) {
          static_cast<Hostile*>(self)->act_(UniqueFd(fd));
        },
        [](void*, zwlr_data_control_source_v1*) {}};
    ::zwlr_data_control_source_v1_add_listener(source_, &kListener, this);
    for (const std::string& name : names) {
      ::zwlr_data_control_source_v1_offer(source_, name.c_str());
    }
    ::zwlr_data_control_device_v1_set_selection(device_, source_);
    thread_ = std::thread([this] {
      while (!stopping_ && connection_->Wait({}, 10)) {
      }
    });
  }
  ~Hostile() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    if (!connection_) return;
    ::zwlr_data_control_source_v1_destroy(source_);
    ::zwlr_data_control_device_v1_destroy(device_);
  }
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

 private:
  const Act act_;
  std::unique_ptr<Connection> connection_;
  zwlr_data_control_device_v1* device_ = nullptr;
  zwlr_data_control_source_v1* source_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

std::vector<v1::UnscannedReason> Reasons(const Question& question) {
  std::vector<v1::UnscannedReason> reasons;
  for (const Part& part : question.parts) reasons.push_back(part.reason);
  return reasons;
}

TEST_F(WaylandGuardTest, ASourceThatNeverWritesIsAskedAboutAsUnscanned) {
  GuardLimits limits;
  limits.owner_ms_max = std::chrono::milliseconds(50);
  Guard([](const Question&) { return false; }, limits);
  std::vector<UniqueFd> kept;
  const Hostile source(compositor_->display(), {"text/plain;charset=utf-8"},
                       [&](UniqueFd fd) { kept.push_back(std::move(fd)); });
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(judge_->asked()[0]), ::testing::ElementsAre(v1::UNSCANNED_REASON_TIMEOUT));
  EXPECT_EQ(Paste().output, "");
}

TEST_F(WaylandGuardTest, AnUnreadCopyThatPassesIsLeftWithItsOwner) {
  GuardLimits limits;
  limits.owner_ms_max = std::chrono::milliseconds(50);
  Guard([](const Question&) { return true; }, limits);
  std::vector<UniqueFd> kept;
  const Hostile source(compositor_->display(), {"text/plain"},
                       [&](UniqueFd fd) { kept.push_back(std::move(fd)); });
  EXPECT_TRUE(WaitUntil([&] { return guard_->counters().left == 1; }));
  EXPECT_EQ(guard_->counters().taken_over, 0U);
}

TEST_F(WaylandGuardTest, AnEndlessSourceEndsAtTheBound) {
  GuardLimits limits;
  limits.target_bytes_max = 1U << 20;
  Guard([](const Question&) { return false; }, limits);
  const Hostile source(compositor_->display(), {"text/plain"}, [](UniqueFd fd) {
    const std::string piece(64 << 10, 'x');
    while (WriteAll(fd.get(), piece).ok()) {
    }
  });
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(judge_->asked()[0]), ::testing::ElementsAre(v1::UNSCANNED_REASON_OVERSIZE));
  EXPECT_EQ(Paste({"--type", "text/plain"}).output, "");
}

// What it wrote is what there is; nobody can tell that there was more.
TEST_F(WaylandGuardTest, ASourceThatClosesEarlyIsServedAsItIs) {
  Guard([](const Question&) { return true; });
  const Hostile source(compositor_->display(), {"text/plain", "image/png"},
                       [](UniqueFd fd) { EXPECT_TRUE(WriteAll(fd.get(), "half").ok()); });
  ASSERT_TRUE(TakenOver(1));
  EXPECT_EQ(Paste({"--type", "image/png"}).output, "half");
}

TEST_F(WaylandGuardTest, AThousandKindsAreTooMany) {
  Guard([](const Question&) { return false; });
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("application/x-" + std::to_string(i));
  const Hostile source(compositor_->display(), names,
                       [](UniqueFd fd) { EXPECT_TRUE(WriteAll(fd.get(), "x").ok()); });
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(judge_->asked()[0]), ::testing::Contains(v1::UNSCANNED_REASON_TOO_MANY));
  EXPECT_EQ(Paste({"--type", "application/x-3"}).output, "");
}

// As clipboard stores do that keep content after its program's end.
TEST_F(WaylandGuardTest, WhoTakesTheSameBackAgainAndAgainIsReported) {
  GuardLimits limits;
  limits.contention_ms = std::chrono::minutes(1);
  Guard([](const Question&) { return true; }, limits);
  EXPECT_TRUE(WaitUntil([&] {
    Copy("same");
    return !judge_->reports().empty();
  }));
  EXPECT_THAT(judge_->reports()[0], HasSubstr("takes back"));
}

// A compositor that has no data-control, as GNOME's.
TEST(WaylandConnectionTest, WithoutDataControlItSaysSo) {
  const testing::BareCompositor compositor;
  ASSERT_TRUE(compositor.ok());
  TestJudge judge([](const Question&) { return true; });
  const auto guard = WaylandGuard::Open(compositor.display(), judge);
  EXPECT_EQ(guard.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(guard.status().message()), HasSubstr("no data-control"));
  EXPECT_EQ(WaylandGuard::Open(compositor.display() + "-not", judge).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace shoumi::session
