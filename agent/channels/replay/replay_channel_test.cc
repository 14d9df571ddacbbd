#include "agent/channels/replay/replay_channel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/fd.h"
#include "nlohmann/json.hpp"

namespace shoumi::agent::replay {
namespace {

// Blocks what holds the word "secret".
class WordSink final : public EventSink {
 public:
  void Submit(Event event) override {
    std::string text = event.text;
    if (event.content) text = ReadAll(event.content.get(), 1 << 20).value();
    v1::Verdict verdict;
    verdict.set_action(text.find("secret") == std::string::npos ? v1::ACTION_ALLOW
                                                                : v1::ACTION_BLOCK);
    verdict.set_rule(event.report_only ? "report_only" : event.context.destination());
    event.answer(verdict);
  }
  void Report(v1::AgentEvent::Kind, std::string) override {}
  void RecordRefusal(v1::EventContext, v1::Verdict) override {}
};

class ReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "replay-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(ReplaceFile(folder_ + "/" + name, text, 0600).ok());
  }
  [[nodiscard]] nlohmann::json Verdict(const std::string& name) const {
    for (int i = 0; i < 5000; ++i) {
      const auto bytes = ReadFile(folder_ + "/" + name + ".verdict", 1 << 20);
      if (bytes.ok()) return nlohmann::json::parse(*bytes);
      ::usleep(1000);
    }
    return {};
  }
  std::string folder_;
  WordSink sink_;
};

TEST_F(ReplayTest, ReplaysTextAndFilesAndWritesVerdicts) {
  Put("a.event", R"({"text":"nothing","context":{"destination":"x"}})");
  Put("body.txt", "a secret");
  ReplayChannel channel({folder_});
  ASSERT_TRUE(channel.Start(sink_).ok());
  EXPECT_EQ(Verdict("a")["action"], "ACTION_ALLOW");
  EXPECT_EQ(Verdict("a")["rule"], "x");
  Put("b.event", R"({"content":"body.txt","name":"body.txt","report_only":true})");
  EXPECT_EQ(Verdict("b")["action"], "ACTION_BLOCK");
  EXPECT_EQ(Verdict("b")["rule"], "report_only");
  channel.Stop();
  EXPECT_EQ(channel.State().why(), "2 events answered");
}

TEST_F(ReplayTest, NamesWhatItCannotRead) {
  Put("a.event", "nonsense");
  Put("b.event", R"({"content":"../../etc/passwd"})");
  Put("c.event", R"({"content":"missing"})");
  Put("d.event", R"({"context":{"no_such_field":1}})");
  ReplayChannel channel({folder_});
  ASSERT_TRUE(channel.Start(sink_).ok());
  for (const char* name : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(Verdict(name).contains("error")) << name;
  }
  EXPECT_FALSE(ReplayChannel({folder_ + "/none"}).Start(sink_).ok());
}

}  // namespace
}  // namespace shoumi::agent::replay
