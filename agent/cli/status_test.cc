#include "agent/cli/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "common/fd.h"

namespace shoumi::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kJson[] =
    R"({"state":{"agent_version":"1.2","policy_version":"7","policy_name":"starter",
    "channels":[{"channel":"usb","coverage":"COVERAGE_COVERED","guarded":1,"devices":[
    {"device":{"mount_point":"/media/s","vendor_id":"0951","product_id":"1666","serial":"S1"},
    "mode":"USB_MODE_READ_ONLY"}],"sealed":[{"node":"/dev/sdb1","vendor_id":"0951",
    "product_id":"1666","serial":"S2"}]},{"channel":"mail","coverage":"COVERAGE_NOT_COVERED",
    "why":"this version does not watch it"}],"spool_records":"3",
    "counters":{"ledger_conditions":"2","ledger_within_minutes_max":"10080",
    "ledger_values":"43"}},
    "connection":"CONNECTION_OFFLINE","connection_detail":"no route","from_the_future":1})";

// The language is found once a process, so each is a process of its own.
[[noreturn]] void PrintIn(const char* locale) {
  ::setenv("LC_ALL", locale, 1);
  std::fputs(DescribeStatus(ParseStatus(kJson).value()).c_str(), stderr);
  std::exit(0);
}

TEST(StatusDeathTest, SaysItInEnglish) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(PrintIn("en_US.UTF-8"), ::testing::ExitedWithCode(0),
              AllOf(HasSubstr("USB sticks: watched"), HasSubstr("0951:1666:S1: read-only"),
                    HasSubstr("/dev/sdb1 0951:1666:S2: not mounted; read-only until it is"),
                    HasSubstr("mail: not watched (this version does not watch it)"),
                    HasSubstr("starter version 7"), HasSubstr("off line (no route)"),
                    HasSubstr("waiting for the server: 3"), Not(HasSubstr("not kept")),
                    HasSubstr("stay on this workstation for up to 7d. 43 values now.")));
}

TEST(StatusDeathTest, SaysItInChinese) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(PrintIn("zh_CN.UTF-8"), ::testing::ExitedWithCode(0),
              AllOf(HasSubstr("U 盘等可移动存储: 已监控"), HasSubstr("邮件: 未监控 (此版本不监控)"),
                    HasSubstr("/dev/sdb1 0951:1666:S2：未挂载；挂载之前只读"),
                    HasSubstr("策略：starter 版本 7"), HasSubstr("按时间累计"),
                    HasSubstr("最长 7d，目前共 43 个值")));
}

TEST(Status, WhatIsNotCountedOverTimeIsNotSaid) {
  auto status = ParseStatus(kJson).value();
  const std::string with = DescribeStatus(status);
  (*status.mutable_state()->mutable_counters())["ledger_conditions"] = 0;
  EXPECT_LT(DescribeStatus(status).size(), with.size());
}

TEST(Status, CheckNeedsPolicyAndUsb) {
  auto status = ParseStatus(kJson).value();
  EXPECT_TRUE(AllCovered(status));
  status.mutable_state()->mutable_channels(0)->set_coverage(v1::COVERAGE_PARTIAL);
  EXPECT_FALSE(AllCovered(status));
  status = ParseStatus(kJson).value();
  status.mutable_state()->clear_policy_version();
  EXPECT_FALSE(AllCovered(status));
  EXPECT_FALSE(ParseStatus("nonsense").ok());
}

TEST(Status, NoAgentAndSilentAgentAreNamed) {
  EXPECT_TRUE(absl::IsUnavailable(
      AskAgent("/nonexistent/status.sock", std::chrono::milliseconds(10)).status()));
  std::string folder = ::testing::TempDir() + "status-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/s";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(AskAgent(path, std::chrono::milliseconds(20)).status()));
  std::thread agent([&] {
    for (int i = 0; i < 2; ++i) {
      const UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
      if (i == 1) {
        EXPECT_TRUE(WriteAll(peer.get(), kJson).ok());
      }
    }
  });
  EXPECT_EQ(AskAgent(path, std::chrono::seconds(5)).value(), kJson);
  agent.join();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace shoumi::cli
