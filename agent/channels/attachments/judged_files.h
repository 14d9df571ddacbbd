#pragma once

#include <sys/types.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_set>

#include "agent/channels/attachments/file_version.h"

namespace shoumi::agent::attachments {

// Which files programs were allowed to read, as those files were then. Forgets all when it is full:
// the files are looked at once more. Thread-safe.
class JudgedFiles {
 public:
  static constexpr size_t kFilesMax = 16'384;

  // False when it was there already.
  bool Add(const FileVersion& version, const std::string& app, uid_t user);
  [[nodiscard]] bool Has(const FileVersion& version, const std::string& app, uid_t user) const;
  void Clear();

 private:
  static size_t KeyOf(const FileVersion& version, const std::string& app, uid_t user);

  mutable std::mutex mutex_;
  std::unordered_set<size_t> known_;
};

}  // namespace shoumi::agent::attachments
