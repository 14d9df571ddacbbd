#include "server/ctl/session_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "common/fd.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace shoumi::ctl {
namespace {

constexpr size_t kFileBytesMax = 64 * 1024;
constexpr mode_t kOthers = 077;

const char* Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

}  // namespace

absl::StatusOr<std::filesystem::path> LoginFile() {
  const std::filesystem::path inside = std::filesystem::path("shoumi") / "ctl.json";
  // A relative value is to be ignored (XDG Base Directory Specification 0.8).
  const char* config = Environment("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return config / inside;
  const char* home = Environment("HOME");
  if (home == nullptr) {
    return absl::FailedPreconditionError(
        "HOME is not set, so there is no place for the login; set HOME or XDG_CONFIG_HOME");
  }
  return std::filesystem::path(home) / ".config" / inside;
}

absl::StatusOr<SavedLogin> LoadLogin(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return ErrnoStatus(errno, file.string());
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, file.string());
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & kOthers) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} is not a file that only you can read (owner {}, mode {:04o}), so its token "
                    "may be known to others; delete it and run: shoumictl login",
                    file.string(), info.st_uid, info.st_mode & 07777U));
  }
  const auto text = ReadAll(fd.get(), kFileBytesMax);
  if (!text.ok()) return text.status();
  try {
    const auto json = nlohmann::json::parse(*text);
    return SavedLogin{json.at("server"), json.at("ca_file"), json.at("user"), json.at("token"),
                      json.at("expires_unix_s")};
  } catch (const nlohmann::json::exception&) {
    return absl::FailedPreconditionError(
        fmt::format("{} is damaged; delete it and run: shoumictl login", file.string()));
  }
}

absl::Status SaveLogin(const std::filesystem::path& file, const SavedLogin& login) {
  const std::filesystem::path folder = file.parent_path();
  if (auto status = MakeFolders(folder, 0700); !status.ok()) return status;
  if (::chmod(folder.c_str(), 0700) != 0) return ErrnoStatus(errno, folder.string());
  const nlohmann::ordered_json json = {{"server", login.server},
                                       {"ca_file", login.ca_file},
                                       {"user", login.user},
                                       {"token", login.token},
                                       {"expires_unix_s", login.expires_unix_s}};
  return ReplaceFile(file, json.dump(2) + "\n", 0600);
}

absl::Status RemoveLogin(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, file.string());
  return absl::OkStatus();
}

}  // namespace shoumi::ctl
