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

  // From now on `record` names the protected nodes, one a line. What it names already was protected
  // by a process that was killed: it becomes writable again with the next Keep() that does not name
  // it.
  void Inherit(std::string record);
  // Whether a node was left protected, until the next Keep().
  [[nodiscard]] bool Inherited(const std::string& node) const { return inherited_.contains(node); }
  // Whether a node is protected, or was left so.
  [[nodiscard]] bool Protects(const std::string& node) const {
    return held_.contains(node) || inherited_.contains(node);
  }

  // Protects these and no others from now on; the others become writable again.
  Outcome Keep(const std::set<std::string>& nodes);
  // Makes nodes writable until the next Keep().
  void Lift(const std::vector<std::string>& nodes);

 private:
  void Record(const std::set<std::string>& nodes);

  std::string record_;  // path; empty: none is kept
  std::set<std::string> recorded_;
  std::set<std::string> inherited_;
  std::set<std::string> held_;
  std::set<std::string> failed_;
};

// As the kernel has it; false for what is no block device.
bool IsReadOnlyNode(const std::string& node);

// Whether a mounted file system of this type is known to go on when its node is read-only: it
// looks at that when it is mounted only. Not so f2fs, nor drivers outside the kernel.
bool WritesBesideProtection(const std::string& file_system);

}  // namespace shoumi::agent::usb
