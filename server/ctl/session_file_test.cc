#include "server/ctl/session_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "common/fd.h"
#include "server/ctl/client.h"
#include "server/ctl/password.h"

namespace shoumi::ctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SessionFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "ctl-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    ::setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
    file_ = LoginFile().value();
  }
  void TearDown() override { fs::remove_all(folder_); }

  static mode_t Mode(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 07777U;
  }

  static std::string Why(const absl::Status& status) { return std::string(status.message()); }

  const SavedLogin login_{"dlp.example:7443", "/etc/ca.pem", "admin", "t0ken", 1'900'000'000};
  fs::path folder_;
  fs::path file_;
};

TEST_F(SessionFile, KeepsTheLoginForItsOwnerOnly) {
  EXPECT_EQ(file_, folder_ / "shoumi" / "ctl.json");
  EXPECT_TRUE(absl::IsNotFound(LoadLogin(file_).status()));
  ASSERT_TRUE(SaveLogin(file_, login_).ok());
  EXPECT_EQ(Mode(file_), 0600U);
  EXPECT_EQ(Mode(file_.parent_path()), 0700U);
  const auto read = LoadLogin(file_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->server, login_.server);
  EXPECT_EQ(read->ca_file, login_.ca_file);
  EXPECT_EQ(read->user, login_.user);
  EXPECT_EQ(read->token, login_.token);
  EXPECT_EQ(read->expires_unix_s, login_.expires_unix_s);
  EXPECT_TRUE(RemoveLogin(file_).ok());
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_TRUE(RemoveLogin(file_).ok());
}

TEST_F(SessionFile, AFolderThatWasOpenIsClosed) {
  fs::create_directory(file_.parent_path());
  fs::permissions(file_.parent_path(), fs::perms::all);
  ASSERT_TRUE(SaveLogin(file_, login_).ok());
  EXPECT_EQ(Mode(file_.parent_path()), 0700U);
}

TEST_F(SessionFile, RefusesWhatOthersCanRead) {
  ASSERT_TRUE(SaveLogin(file_, login_).ok());
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    EXPECT_TRUE(absl::IsFailedPrecondition(LoadLogin(file_).status())) << mode;
  }
  EXPECT_THAT(Why(LoadLogin(file_).status()), HasSubstr("shoumictl login"));
}

TEST_F(SessionFile, FollowsNoLinkAndSaysWhatIsDamaged) {
  ASSERT_TRUE(SaveLogin(file_, login_).ok());
  const fs::path link = file_.parent_path() / "link";
  fs::create_symlink(file_, link);
  EXPECT_FALSE(LoadLogin(link).ok());
  for (const char* text : {"", "{", "[]", "{\"server\": 1}"}) {
    ASSERT_TRUE(ReplaceFile(file_, text, 0600).ok());
    EXPECT_THAT(Why(LoadLogin(file_).status()), HasSubstr("is damaged")) << text;
  }
}

TEST_F(SessionFile, ATokenGoesToItsOwnServerOnlyAndNotPastItsEnd) {
  Global global;
  EXPECT_THAT(Why(SignedIn(global).status()), HasSubstr("not signed in"));
  ASSERT_TRUE(SaveLogin(file_, login_).ok());
  global.server = "other.example:7443";
  EXPECT_THAT(Why(SignedIn(global).status()), HasSubstr("is for dlp.example:7443, not other"));
  SavedLogin over = login_;
  over.expires_unix_s = 1'000'000'000;
  ASSERT_TRUE(SaveLogin(file_, over).ok());
  global.server.clear();
  EXPECT_TRUE(absl::IsUnauthenticated(SignedIn(global).status()));
}

TEST_F(SessionFile, APasswordFileIsOneLineForItsOwner) {
  const fs::path file = folder_ / "password";
  ASSERT_TRUE(ReplaceFile(file, "长 pass word\r\nsecond line\n", 0600).ok());
  EXPECT_EQ(ReadPasswordFile(file).value(), "长 pass word");
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_THAT(Why(ReadPasswordFile(file).status()), HasSubstr("chmod 600"));
  ASSERT_TRUE(ReplaceFile(file, "\n", 0600).ok());
  EXPECT_FALSE(ReadPasswordFile(file).ok());
  EXPECT_FALSE(ReadPasswordFile(folder_ / "none").ok());
}

}  // namespace
}  // namespace shoumi::ctl
