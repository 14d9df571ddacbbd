#include "agent/spool/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace shoumi::agent {
namespace {

class PosixSpoolFiles final : public SpoolFiles {
 public:
  explicit PosixSpoolFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  absl::StatusOr<std::vector<std::string>> List() override {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
         it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return ErrnoStatus(error.value(), folder_.string());
    return names;
  }

  absl::StatusOr<uint64_t> Size(const std::string& name) override {
    struct stat info {};
    if (::stat((folder_ / name).c_str(), &info) != 0) return ErrnoStatus(errno, name);
    return static_cast<uint64_t>(info.st_size);
  }

  absl::StatusOr<std::string> ReadAt(const std::string& name, uint64_t offset,
                                     size_t size) override {
    const UniqueFd fd(::open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return ErrnoStatus(errno, name);
    std::string bytes(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t count =
          ::pread(fd.get(), bytes.data() + got, size - got, static_cast<off_t>(offset + got));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, name);
      if (count == 0) break;
      got += static_cast<size_t>(count);
    }
    bytes.resize(got);
    return bytes;
  }

  absl::Status Create(const std::string& name, std::string_view bytes) override {
    if (name == open_name_) Close();
    return ReplaceFile(folder_ / name, bytes, 0600);
  }

  absl::Status WriteAt(const std::string& name, uint64_t offset, std::string_view bytes) override {
    if (auto status = Open(name); !status.ok()) return status;
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(open_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, name);
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return absl::OkStatus();
  }

  absl::Status Sync(const std::string& name) override {
    if (auto status = Open(name); !status.ok()) return status;
    return ::fdatasync(open_.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, name);
  }

  absl::Status Truncate(const std::string& name, uint64_t size) override {
    if (auto status = Open(name); !status.ok()) return status;
    if (::ftruncate(open_.get(), static_cast<off_t>(size)) != 0) return ErrnoStatus(errno, name);
    return ::fsync(open_.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, name);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (from == open_name_) Close();
    if (::rename((folder_ / from).c_str(), (folder_ / to).c_str()) != 0) {
      return ErrnoStatus(errno, from);
    }
    return SyncFolder();
  }

  absl::Status Remove(const std::string& name) override {
    if (name == open_name_) Close();
    if (::unlink((folder_ / name).c_str()) != 0) return ErrnoStatus(errno, name);
    return SyncFolder();
  }

 private:
  absl::Status Open(const std::string& name) {
    if (open_ && name == open_name_) return absl::OkStatus();
    open_.Reset(::open((folder_ / name).c_str(), O_WRONLY | O_CLOEXEC));
    if (!open_) return ErrnoStatus(errno, name);
    open_name_ = name;
    return absl::OkStatus();
  }
  void Close() {
    open_.Reset();
    open_name_.clear();
  }
  absl::Status SyncFolder() {
    const UniqueFd fd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return ErrnoStatus(errno, folder_.string());
    return absl::OkStatus();
  }

  const std::filesystem::path folder_;
  UniqueFd open_;
  std::string open_name_;
};

}  // namespace

std::unique_ptr<SpoolFiles> MakePosixSpoolFiles(std::filesystem::path folder) {
  return std::make_unique<PosixSpoolFiles>(std::move(folder));
}

}  // namespace shoumi::agent
