#include "agent/channels/attachments/file_version.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/channels/attachments/judged_files.h"

namespace shoumi::agent::attachments {
namespace {

namespace fs = std::filesystem;

class FileVersionTest : public testing::Test {
 protected:
  FileVersionTest() {
    ::signal(SIGIO, SIG_IGN);
    std::string name = fs::temp_directory_path() / "shoumi-version-XXXXXX";
    folder_ = fs::canonical(::mkdtemp(name.data()));
    path_ = folder_ / "a";
    std::ofstream(path_) << "content";
  }
  ~FileVersionTest() override { fs::remove_all(folder_); }
  UniqueFd Open(const fs::path& path) {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(FileVersionTest, ChangesWithContentAndAttributes) {
  const UniqueFd file = Open(path_);
  const auto before = VersionOf(file.get());
  ASSERT_TRUE(before);
  EXPECT_EQ(before->bytes, 7u);
  EXPECT_EQ(VersionOf(file.get()), before);
  fs::permissions(path_, fs::perms::owner_read);
  const auto after = VersionOf(file.get());
  ASSERT_TRUE(after);
  EXPECT_NE(*after, *before);
}

TEST_F(FileVersionTest, OnlyOfRegularFiles) {
  EXPECT_FALSE(VersionOf(Open(folder_).get()));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(VersionOf(ends[0]));
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_FALSE(VersionOf(-1));
}

TEST_F(FileVersionTest, WritersAreSeen) {
  const UniqueFd file = Open(path_);
  EXPECT_FALSE(HasWriter(file.get()));
  {
    const UniqueFd writer(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_TRUE(HasWriter(file.get()));
  }
  EXPECT_FALSE(HasWriter(file.get()));
  UniqueFd mapped(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  void* const map = ::mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, mapped.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  mapped.Reset();
  EXPECT_TRUE(HasWriter(file.get()));
  ::munmap(map, 7);
  EXPECT_FALSE(HasWriter(file.get()));
  EXPECT_TRUE(HasWriter(-1));
}

TEST_F(FileVersionTest, PathOfWhatWasDeleted) {
  const UniqueFd file = Open(path_);
  EXPECT_EQ(PathOf(file.get()), path_);
  fs::remove(path_);
  EXPECT_EQ(PathOf(file.get()), path_);
  EXPECT_EQ(PathOf(-1), "");
}

TEST_F(FileVersionTest, ReopenedOnlyUnchangedAndWhereItWas) {
  UniqueFd file = Open(path_);
  auto place = PlaceOf(file.get());
  ASSERT_TRUE(place);
  file.Reset();
  // The mount that the folder lies on.
  std::string mount = "/";
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    uint64_t id = 0;
    std::string skip, point;
    fields >> id >> skip >> skip >> skip >> point;
    if (id == place->mount_id) mount = point;
  }
  EXPECT_TRUE(Reopen(*place, mount).ok());
  EXPECT_FALSE(Reopen(*place, "/proc").ok());
  EXPECT_FALSE(Reopen(*place, "").ok());
  const fs::path moved = folder_ / "b";
  fs::rename(path_, moved);
  EXPECT_FALSE(Reopen(*place, mount).ok());
  fs::create_symlink(moved, path_);
  EXPECT_FALSE(Reopen(*place, mount).ok());
  fs::remove(path_);
  std::ofstream(path_) << "another";
  EXPECT_FALSE(Reopen(*place, mount).ok());
}

TEST(IsSystemFile, RootsAndNobodyElses) {
  FileVersion version;
  version.mode = 0100644;
  EXPECT_TRUE(IsSystemFile("/usr/share/fonts/a.ttf", version));
  EXPECT_FALSE(IsSystemFile("/home/li/a.ttf", version));
  EXPECT_FALSE(IsSystemFile("/usrlocal/a", version));
  version.mode = 0100666;
  EXPECT_FALSE(IsSystemFile("/usr/share/fonts/a.ttf", version));
  version.mode = 0100664;
  EXPECT_FALSE(IsSystemFile("/usr/share/fonts/a.ttf", version));
  version.mode = 0100644;
  version.uid = 1000;
  EXPECT_FALSE(IsSystemFile("/usr/share/fonts/a.ttf", version));
}

TEST(JudgedFiles, RemembersUpToItsBound) {
  JudgedFiles judged;
  FileVersion version;
  EXPECT_TRUE(judged.Add(version, "talk", 1));
  EXPECT_FALSE(judged.Add(version, "talk", 1));
  EXPECT_FALSE(judged.Has(version, "talk", 2));
  EXPECT_FALSE(judged.Has(version, "post", 1));
  version.change_ns = 1;
  EXPECT_FALSE(judged.Has(version, "talk", 1));
  for (uint64_t i = 0; i < JudgedFiles::kFilesMax; ++i) {
    version.inode = i;
    judged.Add(version, "talk", 1);
  }
  version.inode = JudgedFiles::kFilesMax - 1;
  EXPECT_TRUE(judged.Has(version, "talk", 1));
  version.inode = 0;
  EXPECT_FALSE(judged.Has(version, "talk", 1));
  judged.Clear();
}

}  // namespace
}  // namespace shoumi::agent::attachments
