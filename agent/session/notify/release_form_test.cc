#include "agent/session/notify/release_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <filesystem>

#include "common/fd.h"

namespace shoumi::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Scripts stand in for the programs of the desktop, by whose names they go; the real zenity is in
// the end-to-end tests.
class ReleaseFormTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "form-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Install(const std::string& name, const std::string& script) {
    const std::string path = folder_ + "/" + name;
    ASSERT_TRUE(ReplaceFile(path, "#!/bin/sh\n" + script, 0755).ok());
    options_.programs = {folder_ + "/none", path};
  }
  absl::StatusOr<ReleaseForm> Ask() { return AskForRelease(options_, stop_.get()); }

  std::string folder_;
  FormOptions options_;
  UniqueFd stop_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(ReleaseFormTest, ZenityAnswersInOneLine) {
  Install("zenity", "echo \"$@\" > \"$0.arguments\"; printf '客户甲\\037合同 要求\\n'");
  const auto form = Ask();
  ASSERT_TRUE(form.ok()) << form.status();
  EXPECT_EQ(form->recipient, "客户甲");
  EXPECT_EQ(form->reason, "合同 要求");
}

TEST_F(ReleaseFormTest, KdialogAsksTwice) {
  Install("kdialog", "case \"$*\" in *whom) echo client;; *) echo contract;; esac");
  const auto form = Ask();
  ASSERT_TRUE(form.ok()) << form.status();
  EXPECT_EQ(form->recipient, "client");
  EXPECT_EQ(form->reason, "contract");
}

TEST_F(ReleaseFormTest, ClosedIsCancelledAndHalfFilledInIsSaid) {
  Install("zenity", "exit 1");
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kCancelled);
  Install("kdialog", "exit 1");
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kCancelled);
  Install("zenity", "printf 'client\\037\\n'");
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReleaseFormTest, BoundsHold) {
  Install("zenity", "exec sleep 600");
  options_.form_ms_max = std::chrono::milliseconds(50);
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kCancelled);
  Install("zenity", "exec yes");
  options_.form_ms_max = std::chrono::seconds(20);
  EXPECT_THAT(std::string(Ask().status().message()), HasSubstr("more was written"));
  Install("zenity", "exec sleep 600");
  ASSERT_EQ(::eventfd_write(stop_.get(), 1), 0);
  EXPECT_THAT(std::string(Ask().status().message()), HasSubstr("ends"));
}

TEST_F(ReleaseFormTest, WithoutAProgramItIsSaid) {
  options_.programs = {folder_ + "/none"};
  EXPECT_FALSE(CanAsk(options_));
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace shoumi::session
