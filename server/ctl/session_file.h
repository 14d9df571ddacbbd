#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace shoumi::ctl {

// What `shoumictl login` leaves for the calls after it.
struct SavedLogin {
  std::string server;   // HOST:PORT
  std::string ca_file;  // absolute
  std::string user;
  std::string token;
  int64_t expires_unix_s = 0;
};

// $XDG_CONFIG_HOME/shoumi/ctl.json, else ~/.config/shoumi/ctl.json.
absl::StatusOr<std::filesystem::path> LoginFile();

// NotFound when nobody is signed in; FailedPrecondition when others can read the file, or it is not
// ours.
absl::StatusOr<SavedLogin> LoadLogin(const std::filesystem::path& file);
// The file gets mode 0600, its folder 0700.
absl::Status SaveLogin(const std::filesystem::path& file, const SavedLogin& login);
absl::Status RemoveLogin(const std::filesystem::path& file);

}  // namespace shoumi::ctl
