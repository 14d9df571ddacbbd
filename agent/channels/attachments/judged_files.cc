#include "agent/channels/attachments/judged_files.h"

#include <functional>

namespace shoumi::agent::attachments {

size_t JudgedFiles::KeyOf(const FileVersion& version, const std::string& app, uid_t user) {
  size_t key = std::hash<std::string>{}(app);
  const auto mix = [&key](uint64_t value) {
    key = (key ^ value) * 0x9E3779B97F4A7C15ULL;
    key ^= key >> 29;
  };
  mix(user);
  mix(version.device);
  mix(version.inode);
  mix(version.bytes);
  mix(static_cast<uint64_t>(version.change_s));
  mix(version.change_ns);
  return key;
}

bool JudgedFiles::Add(const FileVersion& version, const std::string& app, uid_t user) {
  const size_t key = KeyOf(version, app, user);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kFilesMax) known_.clear();
  return known_.insert(key).second;
}

bool JudgedFiles::Has(const FileVersion& version, const std::string& app, uid_t user) const {
  const std::lock_guard lock(mutex_);
  return known_.contains(KeyOf(version, app, user));
}

void JudgedFiles::Clear() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

}  // namespace shoumi::agent::attachments
