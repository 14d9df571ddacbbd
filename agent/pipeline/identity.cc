#include "agent/pipeline/identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr size_t kNssBytesMax = 1 << 20;
constexpr int kGroupsMax = 256;

v1::User NumberOnly(uint32_t uid) {
  v1::User user;
  user.set_uid(uid);
  return user;
}

// The *_r functions of NSS: grows the buffer while it is too small.
template <typename Entry, typename Call>
bool AskNss(Entry& entry, std::vector<char>& buffer, Call call) {
  for (buffer.resize(4096); buffer.size() <= kNssBytesMax; buffer.resize(buffer.size() * 2)) {
    Entry* found = nullptr;
    const int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return found != nullptr;
  }
  return false;
}

}  // namespace

v1::User Identity::LookupNss(uint32_t uid) {
  v1::User user = NumberOnly(uid);
  struct passwd account {};
  std::vector<char> buffer;
  if (!AskNss(account, buffer, [&](auto* entry, char* bytes, size_t size, auto** found) {
        return ::getpwuid_r(uid, entry, bytes, size, found);
      })) {
    return user;
  }
  user.set_name(account.pw_name);
  std::array<gid_t, kGroupsMax> groups{};
  int count = kGroupsMax;
  if (::getgrouplist(account.pw_name, account.pw_gid, groups.data(), &count) < 0) {
    count = kGroupsMax;
  }
  std::vector<char> group_buffer;
  for (int i = 0; i < count; ++i) {
    struct group group {};
    if (AskNss(group, group_buffer, [&](auto* entry, char* bytes, size_t size, auto** found) {
          return ::getgrgid_r(groups[static_cast<size_t>(i)], entry, bytes, size, found);
        })) {
      user.add_groups(group.gr_name);
    }
  }
  return user;
}

Identity::Identity(Clock& clock, Options options, Lookup lookup)
    : clock_(clock), options_(options), lookup_(std::move(lookup)) {
  thread_ = std::thread([this] { Run(); });
}

Identity::~Identity() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  thread_.join();
}

std::optional<v1::User> Identity::Cached(uint32_t uid) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(uid);
  if (found == users_.end() || clock_.Now() - found->second.since > options_.fresh_s_max) {
    return std::nullopt;
  }
  return found->second.user;
}

void Identity::Find(uint32_t uid, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_ && waiting_.size() < options_.waiting_max) {
      waiting_.emplace_back(uid, std::move(done));
      work_.notify_one();
      return;
    }
  }
  done(NumberOnly(uid));
}

void Identity::Run() {
  for (;;) {
    std::pair<uint32_t, Done> next;
    bool closing = false;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      closing = closing_;
    }
    v1::User user = NumberOnly(next.first);
    if (!closing) {
      if (auto cached = Cached(next.first)) {
        user = *std::move(cached);
      } else {
        user = lookup_(next.first);
        Keep(next.first, user);
      }
    }
    next.second(std::move(user));
  }
}

void Identity::Keep(uint32_t uid, const v1::User& user) {
  const std::lock_guard lock(mutex_);
  if (users_.size() >= options_.users_max && !users_.contains(uid)) {
    auto oldest = users_.begin();
    for (auto it = users_.begin(); it != users_.end(); ++it) {
      if (it->second.since < oldest->second.since) oldest = it;
    }
    users_.erase(oldest);
  }
  users_[uid] = {user, clock_.Now()};
}

v1::Program ProgramOf(int32_t pid) {
  v1::Program program;
  program.set_pid(pid);
  std::array<char, PATH_MAX> path{};
  const ssize_t length =
      ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), path.data(), path.size());
  if (length <= 0) return program;
  const std::string executable(path.data(), static_cast<size_t>(length));
  program.set_executable(executable);
  program.set_name(executable.substr(executable.find_last_of('/') + 1));
  return program;
}

}  // namespace shoumi::agent
