#include "agent/main/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

using ::testing::HasSubstr;

TEST(Config, DefaultsAndEverything) {
  const ConfigResult empty = LoadConfig("c", "");
  ASSERT_TRUE(empty.ok);
  EXPECT_EQ(empty.config.before_policy, v1::USB_MODE_READ_ONLY);
  EXPECT_TRUE(empty.config.usb_enabled);

  const ConfigResult result = LoadConfig("c", R"(
state_dir: /a
run_dir: /b
log: {level: debug, json: true}
before_policy: allow
events_max: 7
inspect:
  program: /c
  user: nobody
  workers_max: 3
  queue_max: 4
  start_ms_max: 5
  cache_entries_max: 6
  content_bytes_max: 6MiB
  archive_depth_max: 8
channels:
  usb:
    enabled: true
    staging_dir: /d
    stage_memory_bytes_max: 9MiB
    extra_devices:
      - {node: "/dev/loop*", backing_file: /e, vendor_id: "0951", product_id: "1666", serial: S}
  attachments: {enabled: true, only_below: [/h, /i]}
  clipboard: {enabled: false, program: /j}
  replay: {enabled: true, folder: /f}
)");
  ASSERT_TRUE(result.ok) << rules::FormatProblem(result.problems[0]);
  EXPECT_EQ(result.config.state_dir, "/a");
  EXPECT_TRUE(result.config.log_json);
  EXPECT_EQ(result.config.before_policy, v1::USB_MODE_ALLOW);
  EXPECT_EQ(result.config.inspect_workers_max, 3u);
  EXPECT_EQ(result.config.inspect_cache_entries_max, 6u);
  EXPECT_EQ(result.config.inspect_limits.content_bytes_max(), 6u << 20);
  EXPECT_EQ(result.config.inspect_limits.archive_depth_max(), 8u);
  ASSERT_EQ(result.config.usb_extra_devices.size(), 1u);
  EXPECT_EQ(result.config.usb_extra_devices[0].backing_file, "/e");
  EXPECT_EQ(result.config.attachments_only_below, (std::vector<std::string>{"/h", "/i"}));
  EXPECT_FALSE(result.config.clipboard_enabled);
  EXPECT_EQ(result.config.clipboard_program, "/j");
  EXPECT_EQ(result.config.replay_folder, "/f");
  EXPECT_TRUE(LoadConfig("c", "inspect: {cache_entries_max: 0}\n").ok);
  EXPECT_TRUE(LoadConfig("c", "channels:\n  usb:\n    extra_devices:\n").ok);
}

TEST(Config, EveryProblemHasItsLine) {
  const struct {
    const char* yaml;
    uint32_t line;
    const char* message;
  } cases[] = {
      {"state_dri: /a\n", 1, "did you mean 'state_dir'?"},
      {"run_dir: /a\nstate_dir: relative\n", 2, "absolute path"},
      {"log:\n  level: loud\n", 2, "'loud' is none of"},
      {"channels:\n  usb:\n    enabled: maybe\n", 3, "'maybe' is none of true, false"},
      {"channels:\n  fax: {}\n", 2, "unknown key 'fax'"},
      {"channels:\n  attachments: {only_below: [home]}\n", 2, "not an absolute path"},
      {"channels:\n  replay: {enabled: true}\n", 2, "folder: missing"},
      {"channels:\n  usb:\n    extra_devices:\n      - {serial: x}\n", 4, "node: missing"},
      {"inspect: {workers_max: 0}\n", 1, "must not be 0"},
      {"events_max: [\n", 2, "not YAML"},
  };
  for (const auto& test : cases) {
    const ConfigResult result = LoadConfig("agent.yaml", test.yaml);
    EXPECT_FALSE(result.ok) << test.yaml;
    ASSERT_FALSE(result.problems.empty());
    EXPECT_EQ(result.problems[0].line(), test.line) << test.yaml;
    EXPECT_THAT(rules::FormatProblem(result.problems[0]), HasSubstr(test.message));
  }
}

}  // namespace
}  // namespace shoumi::agent
