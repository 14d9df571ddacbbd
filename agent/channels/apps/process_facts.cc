#include "agent/channels/apps/process_facts.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string>
#include <utility>

#include "fmt/format.h"

namespace shoumi::agent::apps {
namespace {

constexpr size_t kStatBytesMax = 4096;
constexpr size_t kStatusBytesMax = 16 << 10;
constexpr size_t kCgroupBytesMax = 64 << 10;
constexpr size_t kMountsBytesMax = 4 << 20;

int OpenPidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

template <typename T>
T NumberAt(const std::vector<std::string_view>& fields, size_t index) {
  T number = 0;
  if (index < fields.size()) {
    std::from_chars(fields[index].data(), fields[index].data() + fields[index].size(), number);
  }
  return number;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// Fields of /proc/PID/stat from the third on; the second, the name, may hold anything.
struct Stat {
  pid_t parent = 0;
  uint64_t start_ticks = 0;
  uint64_t start_stack = 0;
  uint64_t arguments = 0;
};
Stat ParseStat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  Stat stat;
  if (name_end == std::string_view::npos) return stat;
  const auto fields = Split(text.substr(name_end + 1), ' ');
  stat.parent = NumberAt<pid_t>(fields, 1);           // field 4
  stat.start_ticks = NumberAt<uint64_t>(fields, 19);  // 22
  stat.start_stack = NumberAt<uint64_t>(fields, 25);  // 28
  stat.arguments = NumberAt<uint64_t>(fields, 45);    // 48
  return stat;
}

uid_t RealUser(std::string_view status) {
  const size_t at = status.find("\nUid:");
  if (at == std::string_view::npos) return 0;
  const size_t begin = status.find_first_not_of("\t ", at + 5);
  uid_t uid = 0;
  if (begin != std::string_view::npos) {
    std::from_chars(status.data() + begin, status.data() + status.size(), uid);
  }
  return uid;
}

// FNV-1a; only ever compared with another value of the same process.
uint64_t Mix(uint64_t seed, std::string_view text) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Names of systemd's units write '-' in a part as \x2d.
std::string UnescapeUnit(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\\x") && at + 3 < text.size() && HexDigit(text[at + 2]) >= 0 &&
        HexDigit(text[at + 3]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[at + 2]) * 16 + HexDigit(text[at + 3])));
      at += 3;
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

uint64_t ImageFrom(const Stat& stat, std::string_view link) {
  return stat.start_ticks == 0
             ? 0
             : Mix(stat.start_stack ^ (stat.arguments << 20) ^ stat.start_ticks, link) | 1;
}

bool OwnMounts(const Process& process) {
  // This process does not change its own while it runs.
  static const std::string mine = [] {
    std::array<char, 64> link{};
    const ssize_t n = ::readlink("/proc/self/ns/mnt", link.data(), link.size());
    return std::string(link.data(), n > 0 ? static_cast<size_t>(n) : 0);
  }();
  return !mine.empty() && process.Link("ns/mnt") == mine;
}

}  // namespace

Process::Process(pid_t pid, UniqueFd handle, UniqueFd folder)
    : pid_(pid), handle_(std::move(handle)), folder_(std::move(folder)) {}

absl::StatusOr<Process> Process::Open(pid_t pid) {
  if (pid <= 0) return absl::NotFoundError("no process here has the number 0");
  UniqueFd handle(OpenPidfd(pid));
  if (!handle) return ErrnoStatus(errno, "pidfd_open");
  UniqueFd folder(::open(fmt::format("/proc/{}", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return ErrnoStatus(errno, "/proc/PID");
  Process process(pid, std::move(handle), std::move(folder));
  // The folder was opened by number: it is of this process when that still lives.
  if (!process.Lives()) return absl::NotFoundError("the process has ended");
  return process;
}

bool Process::Lives() const {
  return ::syscall(SYS_pidfd_send_signal, handle_.get(), 0, nullptr, 0) == 0 || errno == EPERM;
}

std::string Process::Link(const char* name) const {
  std::array<char, PATH_MAX> target{};
  const ssize_t n = ::readlinkat(folder_.get(), name, target.data(), target.size());
  return n > 0 ? std::string(target.data(), static_cast<size_t>(n)) : std::string();
}

std::string Process::Table(const char* name, size_t bytes_max) const {
  const UniqueFd fd(::openat(folder_.get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  std::array<char, 8192> chunk{};
  while (fd && text.size() < bytes_max) {
    const ssize_t n =
        ::read(fd.get(), chunk.data(), std::min(chunk.size(), bytes_max - text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(chunk.data(), static_cast<size_t>(n));
  }
  return text;
}

absl::StatusOr<ProcessFacts> ReadFacts(const Process& process) {
  constexpr std::string_view kDeleted = " (deleted)";
  ProcessFacts facts;
  facts.pid = process.pid();
  const Stat stat = ParseStat(process.Table("stat", kStatBytesMax));
  facts.parent = stat.parent;
  facts.start_ticks = stat.start_ticks;
  facts.uid = RealUser(process.Table("status", kStatusBytesMax));
  facts.executable = process.Link("exe");
  facts.image = ImageFrom(stat, facts.executable);
  if (facts.executable.ends_with(kDeleted)) {
    facts.executable.resize(facts.executable.size() - kDeleted.size());
  }
  facts.cgroup = CgroupOf(process.Table("cgroup", kCgroupBytesMax));
  facts.flatpak = FlatpakOfCgroup(facts.cgroup);
  if (facts.flatpak.empty() && !facts.executable.empty() && !OwnMounts(process)) {
    facts.flatpak = FlatpakOfMounts(process.Table("mountinfo", kMountsBytesMax));
  }
  facts.snap = SnapOf(facts.executable, facts.cgroup);
  if (!process.Lives() || facts.start_ticks == 0) {
    return absl::NotFoundError("the process has ended");
  }
  return facts;
}

uint64_t ImageOf(const Process& process) {
  return ImageFrom(ParseStat(process.Table("stat", kStatBytesMax)), process.Link("exe"));
}

std::string CgroupOf(std::string_view table) {
  std::string_view systemd;
  for (const std::string_view line : Split(table, '\n')) {
    if (line.starts_with("0::") && line.size() > 4) return std::string(line.substr(3));
    const size_t at = line.find(":name=systemd:");
    if (at != std::string_view::npos) systemd = line.substr(at + 14);
  }
  return std::string(systemd.empty() ? "/" : systemd);
}

// flatpak-run(1) puts each instance in "app-flatpak-ID-INSTANCE.scope".
std::string FlatpakOfCgroup(std::string_view cgroup) {
  constexpr std::string_view kPrefix = "app-flatpak-";
  for (const std::string_view part : Split(cgroup, '/')) {
    const size_t instance = part.rfind('-');
    if (!part.starts_with(kPrefix) || !part.ends_with(".scope") || instance < kPrefix.size()) {
      continue;
    }
    return UnescapeUnit(part.substr(kPrefix.size(), instance - kPrefix.size()));
  }
  return {};
}

// The app's files are mounted at /app: ".../flatpak/app/ID/ARCH/BRANCH/COMMIT/files".
std::string FlatpakOfMounts(std::string_view table) {
  constexpr std::string_view kFolder = "flatpak/app/";
  for (const std::string_view line : Split(table, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 5 || (fields[4] != "/app" && fields[4] != "/newroot/app")) continue;
    const size_t at = fields[3].find(kFolder);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = fields[3].substr(at + kFolder.size());
    return std::string(rest.substr(0, rest.find('/')));
  }
  return {};
}

std::string SnapOf(std::string_view executable, std::string_view cgroup) {
  for (const std::string_view folder : {"/snap/", "/var/lib/snapd/snap/"}) {
    if (!executable.starts_with(folder)) continue;
    const std::string_view rest = executable.substr(folder.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (name.size() < rest.size()) return std::string(name);
  }
  for (const std::string_view part : Split(cgroup, '/')) {
    // "snap.NAME.COMMAND-UUID.scope"; an instance is "NAME_KEY".
    if (!part.starts_with("snap.")) continue;
    const std::string_view rest = part.substr(5);
    const size_t end = rest.find('.');
    if (end == std::string_view::npos) continue;
    return UnescapeUnit(rest.substr(0, std::min(end, rest.find('_'))));
  }
  return {};
}

}  // namespace shoumi::agent::apps
