// A FUSE file system that shows the files of one folder, as a document portal does, and can be told
// to let whoever opens or reads a file wait for ever.
#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

namespace {

std::string& Folder() {
  static auto* const folder = new std::string;
  return *folder;
}

std::string Below(const char* path) {
  return Folder() + path;
}

// Until the process is killed.
void HangAt(const char* path, const char* word) {
  while (std::strstr(path, word) != nullptr) ::pause();
}

int GetAttributes(const char* path, struct stat* st, fuse_file_info*) {
  return ::lstat(Below(path).c_str(), st) == 0 ? 0 : -errno;
}

int ReadFolder(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
               fuse_readdir_flags) {
  for (const auto& entry : std::filesystem::directory_iterator(Below(path))) {
    fill(buffer, entry.path().filename().c_str(), nullptr, 0, fuse_fill_dir_flags{});
  }
  return 0;
}

int Open(const char* path, fuse_file_info* info) {
  HangAt(path, "hang-open");
  const int fd = ::open(Below(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  info->fh = static_cast<uint64_t>(fd);
  return 0;
}

int Read(const char* path, char* buffer, size_t size, off_t at, fuse_file_info* info) {
  HangAt(path, "hang-read");
  const ssize_t n = ::pread(static_cast<int>(info->fh), buffer, size, at);
  return n < 0 ? -errno : static_cast<int>(n);
}

int Release(const char*, fuse_file_info* info) {
  ::close(static_cast<int>(info->fh));
  return 0;
}

}  // namespace

// served_files FOLDER MOUNT_POINT [FUSE OPTIONS]
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  Folder() = argv[1];
  argv[1] = argv[0];
  fuse_operations operations{};
  operations.getattr = GetAttributes;
  operations.readdir = ReadFolder;
  operations.open = Open;
  operations.read = Read;
  operations.release = Release;
  return fuse_main(argc - 1, argv + 1, &operations, nullptr);
}
