#include "agent/inspect/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>

#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// No library asks for these by itself: whoever does has taken the process over.
constexpr int kHostile[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(swapon),
    SCMP_SYS(reboot),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(quotactl),
    SCMP_SYS(acct),
};

// Own memory, own descriptors, own clock.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(dup),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(getdents64),
    SCMP_SYS(fadvise64),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(membarrier),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(getcpu),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

absl::Status Failed(int result, std::string_view what) {
  return ErrnoStatus(-result, fmt::format("seccomp: {}", what));
}

// Calls that an architecture does not have resolve to negative numbers below -1 and are left out.
absl::Status Add(const Filter& filter, uint32_t action, std::span<const int> calls) {
  for (const int call : calls) {
    if (call < 0) continue;
    const int result = seccomp_rule_add_array(filter.get(), action, call, 0, nullptr);
    if (result != 0) return Failed(result, fmt::format("rule for call {}", call));
  }
  return absl::OkStatus();
}

absl::Status Allow(const Filter& filter, int call, std::initializer_list<scmp_arg_cmp> conditions) {
  const int result =
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call,
                             static_cast<unsigned>(conditions.size()), conditions.begin());
  return result == 0 ? absl::OkStatus() : Failed(result, fmt::format("rule for call {}", call));
}

scmp_arg_cmp Equal(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp NoneOf(unsigned argument, uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}

absl::Status AllowWithConditions(const Filter& filter, bool may_open) {
  const auto self = static_cast<uint64_t>(::getpid());
  std::vector<absl::Status> results = {
      Allow(filter, SCMP_SYS(mmap), {NoneOf(2, PROT_EXEC)}),
      Allow(filter, SCMP_SYS(mprotect), {NoneOf(2, PROT_EXEC)}),
      // abort(3) raises its signal at itself.
      Allow(filter, SCMP_SYS(tgkill), {Equal(0, self)}),
      // Reading limits, not setting them.
      Allow(filter, SCMP_SYS(prlimit64), {Equal(0, 0), Equal(2, 0)}),
      Allow(filter, SCMP_SYS(sendto), {Equal(4, 0)}),
      Allow(filter, SCMP_SYS(recvfrom), {Equal(4, 0)}),
  };
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC}) {
    results.push_back(Allow(filter, SCMP_SYS(fcntl), {Equal(1, static_cast<uint64_t>(command))}));
  }
  if (may_open) {
    constexpr uint64_t kWriting =
        O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
    results.push_back(Allow(filter, SCMP_SYS(openat), {NoneOf(2, kWriting)}));
  }
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

absl::StatusOr<Filter> NewFilter(uint32_t default_action) {
  Filter filter(seccomp_init(default_action), &seccomp_release);
  if (filter == nullptr) return absl::InternalError("seccomp: cannot make a filter");
  int result = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result != 0) return Failed(result, "foreign architectures");
  // A binary tree instead of a list: the filter runs on every call of the hot path.
  result = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (result != 0) return Failed(result, "binary tree");
  return filter;
}

absl::Status Load(const Filter& filter) {
  const int result = seccomp_load(filter.get());
  return result == 0 ? absl::OkStatus() : Failed(result, "load");
}

}  // namespace

absl::Status LoadInspectorFilter() {
  auto filter = NewFilter(SCMP_ACT_ALLOW);
  if (!filter.ok()) return filter.status();
  if (auto status = Add(*filter, SCMP_ACT_KILL_PROCESS, kHostile); !status.ok()) return status;
  return Load(*filter);
}

absl::Status LoadWorkerFilter(bool may_open) {
  auto filter = NewFilter(SCMP_ACT_ERRNO(EPERM));
  if (!filter.ok()) return filter.status();
  if (auto status = Add(*filter, SCMP_ACT_KILL_PROCESS, kHostile); !status.ok()) return status;
  if (auto status = Add(*filter, SCMP_ACT_ALLOW, kAllowed); !status.ok()) return status;
  if (auto status = AllowWithConditions(*filter, may_open); !status.ok()) return status;
  return Load(*filter);
}

}  // namespace shoumi::inspect
