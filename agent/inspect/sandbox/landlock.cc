#include "agent/inspect/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// landlock_ruleset_attr as of ABI 6; the installed header may be older. The kernel is told how much
// of it counts.
struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // ABI 4
  uint64_t scoped = 0;              // ABI 6
};
constexpr uint64_t kNetBindTcp = 1U << 0;
constexpr uint64_t kNetConnectTcp = 1U << 1;
constexpr uint64_t kScopeAbstractSocket = 1U << 0;
constexpr uint64_t kScopeSignal = 1U << 1;

// landlock(7): rights come in bit order, and each ABI knows the first so many.
uint64_t FileRights(long abi) {
  const unsigned known = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
  return (uint64_t{1} << known) - 1;
}

size_t AttributesSize(long abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  if (abi >= 4) return 2 * sizeof(uint64_t);
  return sizeof(uint64_t);
}

}  // namespace

absl::StatusOr<SandboxLayer> RestrictWithLandlock(const std::vector<std::string>& readable) {
  SandboxLayer layer{"landlock", false, ""};
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    layer.detail = errno == ENOSYS ? "not built into this kernel" : "switched off in this kernel";
    return layer;
  }
  RulesetAttributes attributes;
  attributes.handled_access_fs = FileRights(abi);
  attributes.handled_access_net = kNetBindTcp | kNetConnectTcp;
  attributes.scoped = kScopeAbstractSocket | kScopeSignal;
  const UniqueFd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, AttributesSize(abi), 0)));
  if (!ruleset) return ErrnoStatus(errno, "landlock_create_ruleset");
  for (const std::string& folder : readable) {
    const UniqueFd opened(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    if (!opened) continue;
    landlock_path_beneath_attr below{};
    below.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    below.parent_fd = opened.get();
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &below, 0) !=
        0) {
      return ErrnoStatus(errno, fmt::format("landlock_add_rule {}", folder));
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return ErrnoStatus(errno, "landlock_restrict_self");
  }
  layer.active = true;
  layer.detail = fmt::format("ABI {}", abi);
  return layer;
}

}  // namespace shoumi::inspect
