#include "agent/channels/usb/caller.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <unistd.h>

#include <vector>

namespace shoumi::agent::usb {
namespace {

constexpr int kGroupsMax = 64;

v1::User LookUp(uid_t uid) {
  v1::User user;
  user.set_uid(uid);
  std::vector<char> buffer(16 << 10);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return user;
  }
  user.set_name(entry.pw_name);
  std::vector<gid_t> groups(kGroupsMax);
  int count = kGroupsMax;
  if (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) count = kGroupsMax;
  for (int i = 0; i < count; ++i) {
    std::vector<char> names(64 << 10);
    group of{};
    group* known = nullptr;
    if (::getgrgid_r(groups[static_cast<size_t>(i)], &of, names.data(), names.size(), &known) ==
            0 &&
        known != nullptr) {
      user.add_groups(of.gr_name);
    }
  }
  return user;
}

}  // namespace

v1::Program ProgramOf(pid_t pid) {
  v1::Program program;
  program.set_pid(pid);
  if (pid <= 0) return program;
  char path[PATH_MAX];
  const std::string link = fmt::format("/proc/{}/exe", pid);
  const ssize_t n = ::readlink(link.c_str(), path, sizeof(path));
  if (n > 0) {
    program.set_executable(path, static_cast<size_t>(n));
    const std::string& executable = program.executable();
    program.set_name(executable.substr(executable.rfind('/') + 1));
  }
  return program;
}

Caller CallerNames::Resolve(uid_t uid, gid_t gid, pid_t pid) {
  Caller caller;
  caller.uid = uid;
  caller.gid = gid;
  caller.program = ProgramOf(pid);
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto it = users_.find(uid);
    if (it != users_.end() && it->second.until > now) {
      caller.user = it->second.user;
      return caller;
    }
  }
  caller.user = LookUp(uid);
  const std::lock_guard lock(mutex_);
  if (users_.size() >= kUsersMax) users_.clear();
  users_[uid] = Known{caller.user, now + std::chrono::minutes(1)};
  return caller;
}

}  // namespace shoumi::agent::usb
