#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/extract/testing/pdf_writer.h"
#include "agent/inspect/inspector_pool.h"
#include "agent/inspect/testing/real_pool.h"
#include "common/crypto/crypto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// The pool with the real shoumi-inspect and the shipped packs.
namespace shoumi::inspect {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using InspectIntegrationTest = RealPoolTest;

TEST_F(InspectIntegrationTest, CleanTextHasNoFindings) {
  Start();
  const v1::InspectReport report = InspectText("notes.txt", "nothing to see here\n");
  EXPECT_EQ(report.findings_size(), 0);
  EXPECT_EQ(report.unscanned_size(), 0);
  EXPECT_EQ(report.level(), v1::LEVEL_NONE);
  EXPECT_EQ(report.media_type(), "text/plain");
}

TEST_F(InspectIntegrationTest, IdentifiersComeBackMasked) {
  Start();
  const std::string id = "11010519491231002X";
  const v1::InspectReport report = InspectText("list.txt", "身份证号 " + id + "\n");
  EXPECT_TRUE(Found(report, "cn.resident_id"));
  EXPECT_EQ(report.SerializeAsString().find(id), std::string::npos);
}

TEST_F(InspectIntegrationTest, ValuesHaveKeysWhereThereIsOneToMakeThemWith) {
  constexpr char kText[] = "身份证号 11010519491231002X，身份证 310104198001011237\n";
  Start({}, std::string(16, 'k'));
  const v1::InspectReport report = InspectText("list.txt", kText);
  ASSERT_TRUE(Found(report, "cn.resident_id"));
  const v1::Finding& finding = report.findings(0);
  EXPECT_EQ(static_cast<uint32_t>(finding.value_keys_size()), finding.distinct());
  const auto again = InspectText("other.txt", kText).findings(0).value_keys();
  EXPECT_TRUE(std::equal(again.begin(), again.end(), finding.value_keys().begin(),
                         finding.value_keys().end()));
  pool_.reset();
  Start();
  EXPECT_TRUE(InspectText("list.txt", kText).findings(0).value_keys().empty());
}

TEST_F(InspectIntegrationTest, AMarkingGivesItsLevel) {
  Start();
  EXPECT_EQ(InspectText("a.txt", "绝密★10年\n\n正文\n").level(), v1::LEVEL_TOP_SECRET);
}

TEST_F(InspectIntegrationTest, ADescriptorIsReadWhereverItsOffsetIs) {
  Start();
  Inspection inspection;
  inspection.name = "list.txt";
  inspection.content.Reset(::memfd_create("content", MFD_CLOEXEC));
  ASSERT_TRUE(WriteAll(inspection.content.get(), "身份证号 11010519491231002X\n").ok());
  const v1::InspectReport report = Inspect(std::move(inspection));
  EXPECT_TRUE(Found(report, "cn.resident_id"));
  EXPECT_EQ(report.content_sha256(), crypto::Sha256Hex("身份证号 11010519491231002X\n"));
}

TEST_F(InspectIntegrationTest, WhatIsFoundHasADigestAndWhatIsCleanHasNone) {
  Start();
  EXPECT_EQ(InspectText("a.txt", "绝密★10年\n").content_sha256(), crypto::Sha256Hex("绝密★10年\n"));
  EXPECT_EQ(InspectText("a.txt", "nothing\n").content_sha256(), "");
}

// What poppler loads while it works has to be there before the sandbox is closed.
TEST_F(InspectIntegrationTest, PdfTextIsReadInsideTheSandbox) {
  Start();
  PdfWriter pdf;
  pdf.AddPage({"客户名单", "身份证号 11010519491231002X"});
  const v1::InspectReport report = InspectText("list.pdf", pdf.Finish());
  EXPECT_TRUE(Found(report, "cn.resident_id")) << report.ShortDebugString();
  EXPECT_EQ(report.unscanned_size(), 0) << report.ShortDebugString();
}

TEST_F(InspectIntegrationTest, ADescriptorThatIsNoFileIsNamed) {
  Start();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd write_end(ends[1]);
  Inspection inspection;
  inspection.content.Reset(ends[0]);
  const v1::InspectReport report = Inspect(std::move(inspection));
  ASSERT_EQ(report.unscanned_size(), 1);
  EXPECT_EQ(report.unscanned(0).reason(), v1::UNSCANNED_REASON_UNSUPPORTED);
}

TEST_F(InspectIntegrationTest, TheLayersOfTheSandboxAreSaid) {
  Start();
  std::vector<std::string> names;
  const v1::InspectorReady ready = pool_->Ready();
  for (const v1::SandboxLayer& layer : ready.layers()) {
    names.push_back(layer.name());
    if (layer.name() == "seccomp_allow_list") {
      EXPECT_TRUE(layer.active());
    }
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"no_new_privs", "no_capabilities", "landlock",
                                            "seccomp", "seccomp_allow_list", "address_space"}));
}

TEST_F(InspectIntegrationTest, ASuspendedWorkerIsReplacedAtTheDeadline) {
  PoolOptions options;
  options.workers_max = 1;
  Start(options);
  InspectText("warm", "up");
  ASSERT_EQ(::kill(OnlyWorker(), SIGSTOP), 0);
  Inspection inspection;
  inspection.text = "text";
  const v1::InspectReport report = Inspect(std::move(inspection), milliseconds(300));
  ASSERT_EQ(report.unscanned_size(), 1);
  EXPECT_EQ(report.unscanned(0).reason(), v1::UNSCANNED_REASON_TIMEOUT);
  EXPECT_EQ(InspectText("after", "text").unscanned_size(), 0);
}

TEST_F(InspectIntegrationTest, AWorkerThatDiesAtWorkCostsOneEvent) {
  PoolOptions options;
  options.workers_max = 1;
  Start(options);
  InspectText("warm", "up");
  const pid_t worker = OnlyWorker();
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  auto report = std::async(std::launch::async, [this] { return InspectText("a", "text"); });
  // It is stopped: once the request has left the pool, it cannot be answered before the end.
  ASSERT_EQ(report.wait_for(milliseconds(200)), std::future_status::timeout);
  ASSERT_EQ(::kill(worker, SIGSEGV), 0);
  ASSERT_EQ(::kill(worker, SIGCONT), 0);
  const v1::InspectReport crashed = report.get();
  ASSERT_EQ(crashed.unscanned_size(), 1);
  EXPECT_EQ(crashed.unscanned(0).reason(), v1::UNSCANNED_REASON_CRASHED);
  EXPECT_EQ(InspectText("after", "text").unscanned_size(), 0);
  EXPECT_EQ(pool_->stats().replaced, 1U);
}

TEST_F(InspectIntegrationTest, NoProcessStaysBehind) {
  Start();
  InspectText("a", "text");
  const pid_t inspector = ChildrenOf(::getpid()).at(0);
  const pid_t worker = OnlyWorker();
  pool_.reset();
  const auto end = steady_clock::now() + milliseconds(5000);
  while ((::kill(inspector, 0) == 0 || ::kill(worker, 0) == 0) && steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_NE(::kill(inspector, 0), 0);
  EXPECT_NE(::kill(worker, 0), 0);
}

TEST_F(InspectIntegrationTest, WorkersRunAsTheirAccount) {
  if (::getuid() != 0) GTEST_SKIP() << "another account needs root";
  PoolOptions options;
  options.user = "nobody";
  Start(options);
  EXPECT_TRUE(Found(InspectText("a", "身份证号 11010519491231002X"), "cn.resident_id"));
  std::ifstream status("/proc/" + std::to_string(OnlyWorker()) + "/status");
  const std::string text((std::istreambuf_iterator<char>(status)), {});
  EXPECT_THAT(text, testing::HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
  EXPECT_THAT(text, testing::HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(text, testing::HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(text, testing::HasSubstr("Seccomp:\t2"));
}

TEST_F(InspectIntegrationTest, AnAccountThatIsNotThereStartsNothing) {
  PoolOptions options;
  options.user = "no-such-account";
  options.program = std::string(SHOUMI_BIN_DIR) + "/shoumi-inspect";
  const auto pool = InspectorPool::Start(io_, options, {});
  ASSERT_FALSE(pool.ok());
  EXPECT_THAT(std::string(pool.status().message()), testing::HasSubstr("no-such-account"));
}

TEST_F(InspectIntegrationTest, ABrokenPackNamesFileLineAndCode) {
  v1::Pack pack;
  pack.set_name("broken");
  pack.set_yaml("pack: broken\nversion: 1\ndetectors:\n  - id: 7 7\n    bogus: 1\n");
  PoolOptions options;
  options.program = std::string(SHOUMI_BIN_DIR) + "/shoumi-inspect";
  const auto pool = InspectorPool::Start(io_, options, {{pack}, {}});
  ASSERT_TRUE(absl::IsInvalidArgument(pool.status())) << pool.status();
  EXPECT_THAT(std::string(pool.status().message()),
              testing::ContainsRegex("broken[^\n]*:[0-9]+: error P[0-9]+"));
}

}  // namespace
}  // namespace shoumi::inspect
