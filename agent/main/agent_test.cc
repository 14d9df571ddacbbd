#include "agent/main/agent.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/uplink/testing/fake_server.h"
#include "common/fd.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The whole agent with the real worker, against a server that is not real; events come by replay.
class AgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(SHOUMI_BIN_DIR "/shoumi-inspect", X_OK) != 0) {
      GTEST_SKIP() << "shoumi-inspect is not built";
    }
    folder_ = ::testing::TempDir() + "agent-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    std::filesystem::create_directory(folder_ + "/events");
    config_.state_dir = folder_ + "/state";
    config_.run_dir = folder_ + "/run";
    config_.inspect_program = SHOUMI_BIN_DIR "/shoumi-inspect";
    config_.inspect_user = "";
    config_.usb_enabled = false;
    config_.attachments_enabled = false;
    config_.clipboard_enabled = false;
    config_.replay_enabled = true;
    config_.replay_folder = folder_ + "/events";
  }
  void TearDown() override {
    agent_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void EnrolHere() {
    ASSERT_TRUE(ReplaceFile(folder_ + "/ca", server_.ca_pem(), 0600).ok());
    ASSERT_TRUE(ReplaceFile(folder_ + "/token", "one-time", 0600).ok());
    const auto enrolment = Enrol(
        {server_.address(), folder_ + "/ca", folder_ + "/token", config_.state_dir, "1", false});
    ASSERT_TRUE(enrolment.ok()) << enrolment.status();
  }
  void Start() {
    agent_ = std::make_unique<Agent>(config_, "test");
    const auto status = agent_->Start();
    ASSERT_TRUE(status.ok()) << status;
  }
  std::string StarterBundle() {
    v1::PolicyBundle bundle;
    bundle.set_version(1);
    std::vector<std::string> detectors;
    for (const auto& pack : std::filesystem::directory_iterator(SHOUMI_SOURCE_DIR "/rules/packs")) {
      v1::Pack& entry = *bundle.add_packs();
      entry.set_name(pack.path().filename().string());
      entry.set_yaml(Slurp(pack.path() / "pack.yaml"));
    }
    for (const char* id : {"cn.resident_id", "cn.uscc", "cn.org_code", "cn.mobile", "cn.landline",
                           "cn.plate", "cn.bank_card", "cn.passport", "intl.email", "intl.iban",
                           "cn.travel_permit", "intl.card", "business.tender"}) {
      detectors.emplace_back(id);
    }
    const auto policy = rules::LoadPolicy(
        "starter.yaml", Slurp(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml"), detectors);
    EXPECT_TRUE(policy.ok);
    *bundle.mutable_policy() = policy.policy;
    return server_.Sign(bundle);
  }
  nlohmann::json Replay(const std::string& name, const nlohmann::json& event) {
    EXPECT_TRUE(
        ReplaceFile(config_.replay_folder + "/" + name + ".event", event.dump(), 0600).ok());
    const std::string verdict = config_.replay_folder + "/" + name + ".verdict";
    for (int i = 0; i < 20'000; ++i) {
      if (std::filesystem::exists(verdict)) return nlohmann::json::parse(Slurp(verdict));
      ::usleep(1000);
    }
    return {};
  }
  bool InForce(uint64_t version) {
    for (int i = 0; i < 30'000; ++i) {
      if (agent_->State().policy_version() == version) return true;
      ::usleep(1000);
    }
    return false;
  }

  FakeServer server_;
  std::string folder_;
  AgentConfig config_;
  std::unique_ptr<Agent> agent_;
};

constexpr char kMarked[] = "绝密★10年\n\n某项目投标方案\n";
constexpr char kClean[] = "今天下午三点开会。\n";

TEST_F(AgentTest, FromEnrolmentToIncidentAndOnOffLine) {
  EnrolHere();
  server_.Offer(1, StarterBundle());
  Start();
  // Before a policy nothing passes.
  EXPECT_EQ(Replay("before", {{"text", kClean}, {"name", "a.txt"}})["action"], "ACTION_BLOCK");
  ASSERT_TRUE(InForce(1));
  EXPECT_EQ(Replay("clean", {{"text", kClean}, {"name", "a.txt"}})["action"], "ACTION_ALLOW");
  const auto blocked = Replay("marked", {{"text", kMarked}, {"name", "b.txt"}});
  EXPECT_EQ(blocked["action"], "ACTION_BLOCK");
  EXPECT_EQ(blocked["rule"], "marked-top-secret");
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.size() >= 4; }));

  server_.Stop();
  agent_.reset();
  // The same policy, from disk, without a server.
  Start();
  ASSERT_TRUE(InForce(1));
  EXPECT_EQ(Replay("offline", {{"text", kMarked}, {"name", "c.txt"}})["action"], "ACTION_BLOCK");
  EXPECT_EQ(Replay("offline2", {{"text", kClean}, {"name", "c.txt"}})["action"], "ACTION_ALLOW");
  const v1::AgentStatus status = agent_->Status();
  EXPECT_EQ(status.connection(), v1::AgentStatus::CONNECTION_OFFLINE);
  EXPECT_GE(status.state().spool_records(), 1u);
  const uint64_t before = [&] {
    const std::lock_guard lock(server_.mutex);
    return server_.sequences.back();
  }();
  server_.Start();
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.back() >= before + 3; }));
  const std::lock_guard lock(server_.mutex);
  for (size_t i = 1; i < server_.sequences.size(); ++i) {
    EXPECT_LE(server_.sequences[i], server_.sequences[i - 1] + 1);
  }
}

TEST_F(AgentTest, NotEnrolledIsANamedStateAndEndsByItself) {
  Start();
  EXPECT_EQ(agent_->Status().connection(), v1::AgentStatus::CONNECTION_NOT_ENROLLED);
  EXPECT_NE(agent_->Status().connection_detail().find("not enrolled"), std::string::npos);
  EXPECT_EQ(Replay("a", {{"text", kClean}})["action"], "ACTION_BLOCK");
  EnrolHere();
  server_.Offer(1, StarterBundle());
  agent_->Tend();
  ASSERT_TRUE(InForce(1));
  EXPECT_EQ(Replay("b", {{"text", kClean}, {"name", "b.txt"}})["action"], "ACTION_ALLOW");
}

TEST_F(AgentTest, OneAgentAStateFolder) {
  Start();
  Agent second(config_, "test");
  EXPECT_TRUE(absl::IsAlreadyExists(second.Start()));
}

TEST_F(AgentTest, NamesWhatIsNotCovered) {
  config_.replay_folder = folder_ + "/nowhere";
  Start();
  bool replay = false;
  const v1::AgentState state = agent_->State();
  for (const auto& channel : state.channels()) {
    EXPECT_EQ(channel.coverage(), v1::COVERAGE_NOT_COVERED) << channel.channel();
    EXPECT_FALSE(channel.why().empty());
    replay |= channel.channel() == "replay";
  }
  EXPECT_TRUE(replay);
}

}  // namespace
}  // namespace shoumi::agent
