#include "agent/session/link/copied_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace shoumi::session {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class CopiedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "files-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& name) {
    ASSERT_TRUE(ReplaceFile(folder_ + "/" + name, "content of " + name, 0600).ok());
  }
  // "name: content", or "reason N".
  static std::vector<std::string> Open(const std::string& list, const FileLimits& limits = {}) {
    std::vector<std::string> found;
    for (const CopiedFile& file : OpenCopiedFiles(list, limits)) {
      found.push_back(file.fd ? file.name + ": " + ReadAll(file.fd.get(), 1000).value()
                              : fmt::format("reason {}", static_cast<int>(file.reason)));
    }
    return found;
  }
  std::string folder_;
};

TEST_F(CopiedFilesTest, OpensWhatListsName) {
  Put("a.txt");
  Put("客户 b.txt");
  EXPECT_THAT(Open(fmt::format("# comment\r\nfile://{0}/a.txt\r\n"
                               "file://localhost{0}/%E5%AE%A2%E6%88%B7%20b.txt\r\n",
                               folder_)),
              ElementsAre("a.txt: content of a.txt", "客户 b.txt: content of 客户 b.txt"));
  EXPECT_THAT(Open(fmt::format("cut\nfile://{}/a.txt", folder_)),
              ElementsAre("a.txt: content of a.txt"));
  EXPECT_THAT(Open(fmt::format("file:{}/a.txt", folder_)), ElementsAre("a.txt: content of a.txt"));
}

TEST_F(CopiedFilesTest, LeavesOutWhatIsNoFileHere) {
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_THAT(Open(fmt::format("https://example.test/a\nfile://other/etc/passwd\nfile://{0}/none\n"
                               "file://{0}/pipe\nfile:///dev/zero\nfile:\nfile://\n%\n"
                               "file:///etc/pass%00wd\nfile:relative",
                               folder_)),
              ElementsAre());
}

TEST_F(CopiedFilesTest, GoesIntoFolders) {
  std::filesystem::create_directories(folder_ + "/x/y");
  Put("x/1");
  Put("x/y/2");
  std::filesystem::create_symlink("/etc/passwd", folder_ + "/x/link");
  EXPECT_THAT(Open("file://" + folder_ + "/x"),
              UnorderedElementsAre("1: content of x/1", "2: content of x/y/2"));
  FileLimits limits;
  limits.depth_max = 1;
  EXPECT_THAT(Open("file://" + folder_ + "/x", limits),
              ::testing::Contains(fmt::format("reason {}", int{v1::UNSCANNED_REASON_TOO_DEEP})));
}

TEST_F(CopiedFilesTest, EveryBoundIsNamed) {
  std::string list;
  for (int i = 0; i < 5; ++i) {
    Put(std::to_string(i));
    list += fmt::format("file://{}/{}\n", folder_, i);
  }
  const std::string too_many = fmt::format("reason {}", int{v1::UNSCANNED_REASON_TOO_MANY});
  FileLimits limits;
  limits.files_max = 2;
  EXPECT_THAT(Open(list, limits), ElementsAre("0: content of 0", "1: content of 1", too_many));
  limits = {};
  limits.uris_max = 1;
  EXPECT_THAT(Open(list, limits), ElementsAre("0: content of 0", too_many));
  limits = {};
  limits.entries_max = 3;
  EXPECT_THAT(Open("file://" + folder_, limits), ::testing::Contains(too_many));
  std::string million;
  for (int i = 0; i < 1'000'000; ++i) million += "file:///none\n";
  EXPECT_THAT(Open(million), ElementsAre(too_many));
}

}  // namespace
}  // namespace shoumi::session
