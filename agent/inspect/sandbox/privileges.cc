#include "agent/inspect/sandbox/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::inspect {

absl::Status BecomeUser(const std::string& user) {
  if (user.empty()) return absl::OkStatus();
  errno = 0;
  const passwd* account = ::getpwnam(user.c_str());
  if (account == nullptr) {
    return absl::NotFoundError(fmt::format("no account \"{}\" for the workers", user));
  }
  const uid_t uid = account->pw_uid;
  const gid_t gid = account->pw_gid;
  if (::geteuid() == uid && ::getuid() == uid) return absl::OkStatus();
  if (::setgroups(0, nullptr) != 0) return ErrnoStatus(errno, "setgroups");
  if (::setresgid(gid, gid, gid) != 0) return ErrnoStatus(errno, "setresgid");
  if (::setresuid(uid, uid, uid) != 0) return ErrnoStatus(errno, "setresuid");
  if (uid != 0 && ::setuid(0) == 0) return absl::InternalError("root could be taken back");
  return absl::OkStatus();
}

absl::Status DropCapabilities() {
  // Refused without CAP_SETPCAP; the sets emptied below are what counts then.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return ErrnoStatus(errno, "capset");
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
