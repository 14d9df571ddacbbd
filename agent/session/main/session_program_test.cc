#include "agent/session/main/session_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "agent/channels/clipboard/testing/served_channel.h"
#include "agent/channels/clipboard/testing/word_sink.h"
#include "agent/session/wayland/testing/bare_compositor.h"
#include "agent/session/x11/testing/x_server.h"

namespace shoumi::session {
namespace {

using agent::SessionHubOptions;
using agent::clipboard::ClipboardOptions;
using agent::clipboard::GraphicalSession;
using agent::clipboard::testing::ServedChannel;
using agent::clipboard::testing::WordSink;
using ::testing::HasSubstr;
using testing::RunProgram;
using testing::WaitUntil;
using testing::XServer;

const std::string kProgram = std::string(SHOUMI_BIN_DIR) + "/shoumi-session";

// The real program between a real display and the agent's channel.
class SessionProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "session-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    policy_.set_default_action(v1::ACTION_ALLOW);
    policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
  }
  void TearDown() override {
    EndProgram(SIGTERM);
    channel_.reset();
    std::filesystem::remove_all(folder_);
  }
  bool StartServer() {
    server_ = XServer::Start();
    return server_ != nullptr;
  }
  void StartAgent() {
    SessionHubOptions hub;
    ClipboardOptions options;
    hub.socket_path = folder_ + "/socket";
    hub.session_program = std::filesystem::canonical(kProgram);
    options.sessions = [display = server_ ? server_->display() : std::string()] {
      return std::vector<GraphicalSession>{{"1", ::getuid(), false, display}};
    };
    channel_ = std::make_unique<ServedChannel>(hub, options);
    ASSERT_TRUE(channel_->Start(sink_).ok());
    channel_->ApplyPolicy(policy_);
  }
  [[nodiscard]] std::vector<std::string> Command() const {
    return {kProgram,
            "--display",
            server_->display(),
            "--wayland-display",
            wayland_display_,
            "--agent-uid",
            std::to_string(::getuid()),
            "--socket",
            folder_ + "/socket",
            "--log-level",
            "off"};
  }
  void StartProgram() {
    std::vector<std::string> command = Command();
    pid_ = ::fork();
    if (pid_ != 0) return;
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  // Its exit status, or 128 and the signal.
  int EndProgram(int signal) {
    if (pid_ <= 0) return -1;
    if (signal != 0) ::kill(pid_, signal);
    int status = 0;
    WaitUntil([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; });
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool Covered() {
    return WaitUntil([&] { return channel_->State().coverage() == v1::COVERAGE_COVERED; });
  }
  void Copy(const std::string& text) {
    ASSERT_EQ(RunProgram({"xclip", "-display", server_->display(), "-selection", "clipboard", "-i"},
                         text, false)
                  .status,
              0);
  }
  testing::Ended Paste() {
    return RunProgram({"xclip", "-display", server_->display(), "-selection", "clipboard", "-o"},
                      "");
  }
  bool PastesAs(const std::string& text) {
    return WaitUntil([&] { return Paste().output == text; });
  }

  std::string folder_;
  std::string wayland_display_;
  v1::Policy policy_;
  WordSink sink_;
  std::unique_ptr<XServer> server_;
  std::unique_ptr<ServedChannel> channel_;
  pid_t pid_ = -1;
};

TEST_F(SessionProgramTest, GuardsADisplayForTheAgent) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  StartAgent();
  StartProgram();
  ASSERT_TRUE(Covered());
  Copy("a secret");
  EXPECT_TRUE(WaitUntil([&] { return Paste().status != 0; }));
  Copy("nothing");
  EXPECT_TRUE(PastesAs("nothing"));
  {
    const std::lock_guard lock(sink_.mutex);
    EXPECT_EQ(sink_.events.back().context.program().name(), "xclip");
    EXPECT_EQ(sink_.events.back().context.operation(), "paste");
  }
  EXPECT_EQ(EndProgram(SIGTERM), 0);
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "has gone"));
}

TEST_F(SessionProgramTest, FollowsThePolicysMode) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_OFF);
  StartAgent();
  StartProgram();
  ASSERT_TRUE(WaitUntil([&] {
    policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_OFF);
    Copy("a secret");
    return Paste().output == "a secret";
  }));
  policy_.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
  channel_->ApplyPolicy(policy_);
  ASSERT_TRUE(Covered());
  EXPECT_TRUE(WaitUntil([&] { return Paste().status != 0; }));
}

TEST_F(SessionProgramTest, KilledItIsMissedAndStartedAgainItGuards) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  StartAgent();
  StartProgram();
  ASSERT_TRUE(Covered());
  EXPECT_EQ(EndProgram(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "has gone"));
  EXPECT_EQ(channel_->State().coverage(), v1::COVERAGE_NOT_COVERED);
  StartProgram();
  ASSERT_TRUE(Covered());
  Copy("a secret");
  EXPECT_TRUE(WaitUntil([&] { return Paste().status != 0; }));
}

TEST_F(SessionProgramTest, EndsWithItsDisplayAndSaysSo) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  StartAgent();
  StartProgram();
  ASSERT_TRUE(Covered());
  server_->Kill();
  EXPECT_TRUE(sink_.WaitForReport(v1::AgentEvent::KIND_GUARD_FAILED, "X server has gone"));
  EXPECT_EQ(EndProgram(0), 3);
}

TEST_F(SessionProgramTest, ASecondOneOnADisplayGivesWay) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  StartAgent();
  StartProgram();
  ASSERT_TRUE(Covered());
  EXPECT_EQ(RunProgram(Command(), "").status, 3);
}

TEST_F(SessionProgramTest, ACompositorThatCannotBeGuardedSaysWhyAndItsXProgramsAreGuarded) {
  if (!StartServer()) GTEST_SKIP() << "Xvfb is not installed";
  const testing::BareCompositor compositor;
  ASSERT_TRUE(compositor.ok());
  wayland_display_ = compositor.display();
  StartAgent();
  StartProgram();
  ASSERT_TRUE(WaitUntil([&] { return channel_->State().coverage() == v1::COVERAGE_PARTIAL; }));
  EXPECT_THAT(channel_->State().why(), HasSubstr("no data-control"));
  Copy("a secret");
  EXPECT_TRUE(WaitUntil([&] { return Paste().status != 0; }));
}

TEST_F(SessionProgramTest, CommandLine) {
  EXPECT_EQ(RunProgram({kProgram, "--help"}, "").status, 0);
  EXPECT_THAT(RunProgram({kProgram, "--help"}, "").output, HasSubstr("--display"));
  EXPECT_EQ(RunProgram({kProgram, "--version"}, "").status, 0);
  EXPECT_EQ(RunProgram({kProgram, "--nonsense"}, "").status, 2);
  EXPECT_EQ(RunProgram({kProgram, "--log-level", "loud"}, "").status, 2);
  EXPECT_EQ(RunProgram({kProgram, "--display", ":99999", "--socket", folder_ + "/none"}, "").status,
            3);
}

}  // namespace
}  // namespace shoumi::session
