#pragma once

#include <set>
#include <string>
#include <vector>

namespace shoumi::agent::usb {

// Device nodes that nobody may write to, by whatever name or descriptor, root included: their
// block devices are set read-only. A file system that is mounted from one writes on: the kernel
// refuses what comes from programs and lets through what comes from file systems (Linux,
// bio_check_ro), with one warning in its log. Not thread-safe.
class NodeProtection {
 public:
  struct Outcome {
    std::vector<std::string> failed;    // could not be set; each told once
    std::vector<std::string> reopened;  // somebody set it writable; set read-only again
  };

  NodeProtection() = default;
  NodeProtection(const NodeProtection&) = delete;
  NodeProtection& operator=(const NodeProtection&) = delete;
  ~NodeProtection() { Keep({}); }

  // Protects these and no others from now on; the others become writable again.
  Outcome Keep(const std::set<std::string>& nodes);

 private:
  std::set<std::string> held_;
  std::set<std::string> failed_;
};

// Whether a mounted file system of this type is known to go on when its node is read-only: it
// looks at that when it is mounted only. Not so f2fs, nor drivers outside the kernel.
bool WritesBesideProtection(const std::string& file_system);

}  // namespace shoumi::agent::usb
