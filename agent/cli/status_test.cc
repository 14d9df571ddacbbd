#include "agent/cli/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "common/fd.h"

namespace shoumi::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kJson[] =
    R"({"state":{"agent_version":"1.2","policy_version":"7","policy_name":"starter",
    "channels":[{"channel":"usb","coverage":"COVERAGE_COVERED","guarded":1,"devices":[
    {"device":{"mount_point":"/media/s","vendor_id":"0951","product_id":"1666","serial":"S1"},
    "mode":"USB_MODE_READ_ONLY"}]},{"channel":"mail","coverage":"COVERAGE_NOT_COVERED",
    "why":"this version does not watch it"}],"spool_records":"3"},
    "connection":"CONNECTION_OFFLINE","connection_detail":"no route","from_the_future":1})";

class Locale {
 public:
  explicit Locale(const char* name) { ::setenv("LC_ALL", name, 1); }
  ~Locale() { ::unsetenv("LC_ALL"); }
};

TEST(Status, SaysItInEnglishAndChinese) {
  const auto status = ParseStatus(kJson);
  ASSERT_TRUE(status.ok());
  {
    const Locale locale("en_US.UTF-8");
    const std::string text = DescribeStatus(*status);
    EXPECT_THAT(text, HasSubstr("USB sticks: watched"));
    EXPECT_THAT(text, HasSubstr("0951:1666:S1: read-only"));
    EXPECT_THAT(text, HasSubstr("mail: not watched (this version does not watch it)"));
    EXPECT_THAT(text, HasSubstr("starter version 7"));
    EXPECT_THAT(text, HasSubstr("off line (no route)"));
    EXPECT_THAT(text, HasSubstr("waiting for the server: 3"));
    EXPECT_THAT(text, Not(HasSubstr("not kept")));
  }
  const Locale locale("zh_CN.UTF-8");
  const std::string text = DescribeStatus(*status);
  EXPECT_THAT(text, HasSubstr("U 盘等可移动存储: 已监控"));
  EXPECT_THAT(text, HasSubstr("策略：starter 版本 7"));
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
