#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/channels/usb/staged_content.h"
#include "common/fd.h"
#include "shoumi/v1/event.pb.h"

namespace shoumi::agent::usb {

struct Node;
using NodePtr = std::shared_ptr<Node>;

// A file's identity on the device.
struct LowerKey {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const LowerKey&) const = default;
};

// Who asked, as recorded in events.
struct Caller {
  uint32_t uid = 0;
  uint32_t gid = 0;
  v1::User user;
  v1::Program program;
};

// One open of a regular file. The kernel holds it by address.
struct Handle {
  NodePtr node;
  bool writes = false;
  bool direct = false;  // its writes go past the kernel's pages
  int refusal = 0;      // errno value of its refused changes, and of all further (node mutex)
  Caller opener;        // filled for writers only
};

// An open data descriptor of the lower file, shared by its handles and reads under way.
struct LowerFile {
  UniqueFd fd;
  bool writable = false;
};

// An inode as programs see it: a file on the device, or one that is pending, which has been
// created by a program and is on the device only after a clean verdict.
// Lock order: the session's names mutex, then a node's mutex, then the table's.
struct Node : std::enable_shared_from_this<Node> {
  struct Name {
    NodePtr parent;
    std::string name;
  };
  struct Birth {
    Name at;
    Caller by;
  };

  mode_t type = 0;           // S_IFMT bits; fixed
  uint64_t shown_inode = 0;  // st_ino for programs: stays when a pending file is committed; fixed

  // By the session's names mutex.
  std::map<std::string, NodePtr, std::less<>> pending_children;
  // Of a pending node; none left: unlinked. Changed with the node's mutex held as well.
  std::vector<Name> names;

  uint64_t lookups = 0;  // by the kernel; by the table's mutex

  mutable std::mutex mutex;  // all below
  bool pending = false;
  UniqueFd path;  // O_PATH; none while pending. Set once, so that readers may keep its number
  LowerKey key;
  struct stat attributes {};                  // while pending, but for what the staged content says
  std::map<std::string, std::string> xattrs;  // while pending

  std::unique_ptr<StagedContent> staged;
  std::shared_ptr<LowerFile> lower;
  bool dirty = false;        // changed since the last verdict
  bool accepted = false;     // pending, judged clean and empty; committed at the last close
  int refusal = 0;           // pending and refused with it; its name goes with its last handle
  bool judging = false;      // changes wait in `waiting` until the verdict is carried out
  bool cache_stale = false;  // the kernel's pages may be older than the content
  timespec staged_mtime{};
  uint64_t promised_bytes = 0;      // room on the device for what is staged
  std::optional<Birth> born_empty;  // on the device since it was closed empty; until it changes
  std::deque<std::function<void()>> waiting;
  uint32_t handles = 0;
  std::set<Handle*> writers;
};

// Every node the kernel or the guard holds. Thread-safe.
class NodeTable {
 public:
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;
  NodeTable() = default;

  // The node of the lower file behind `path` (O_PATH), with one lookup more. `stat` is its own.
  NodePtr Remember(UniqueFd path, const struct stat& stat);
  // A lookup more for a node that is there.
  void Keep(const NodePtr& node);
  void Forget(Node* node, uint64_t lookups);
  // The node of a lower file, when there is one.
  [[nodiscard]] NodePtr Find(const LowerKey& key) const;
  // A pending node that is on the device now.
  void Bind(const LowerKey& key, const NodePtr& node);
  [[nodiscard]] std::vector<NodePtr> All() const;

  static NodePtr NewPending(mode_t type);

 private:
  struct Hash {
    size_t operator()(const LowerKey& key) const {
      return std::hash<uint64_t>()(key.inode * 31 + key.device);
    }
  };
  mutable std::mutex mutex_;
  std::unordered_map<LowerKey, std::weak_ptr<Node>, Hash> lower_;
  std::unordered_map<Node*, NodePtr> known_;  // what the kernel holds by address
  size_t forgotten_ = 0;
};

}  // namespace shoumi::agent::usb
