#include "agent/channels/usb/node.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace shoumi::agent::usb {

NodePtr NodeTable::NewPending(mode_t type) {
  // Far above what file systems number, so that it does not meet a file of the device.
  static std::atomic<uint64_t> next{uint64_t{1} << 52};
  auto node = std::make_shared<Node>();
  node->type = type & S_IFMT;
  node->shown_inode = next++;
  node->pending = true;
  return node;
}

NodePtr NodeTable::Remember(UniqueFd path, const struct stat& stat) {
  const LowerKey key{stat.st_dev, stat.st_ino};
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Node>& slot = lower_[key];
  NodePtr node = slot.lock();
  if (!node) {
    node = std::make_shared<Node>();
    node->type = stat.st_mode & S_IFMT;
    node->shown_inode = stat.st_ino;
    node->path = std::move(path);
    node->key = key;
    slot = node;
  }
  if (node->lookups++ == 0) known_.emplace(node.get(), node);
  return node;
}

void NodeTable::Keep(const NodePtr& node) {
  const std::lock_guard lock(mutex_);
  if (node->lookups++ == 0) known_.emplace(node.get(), node);
}

void NodeTable::Forget(Node* node, uint64_t lookups) {
  NodePtr last;  // ends outside the lock
  const std::lock_guard lock(mutex_);
  node->lookups -= std::min(lookups, node->lookups);
  if (node->lookups == 0) {
    if (const auto it = known_.find(node); it != known_.end()) {
      last = std::move(it->second);
      known_.erase(it);
    }
    // Rows of nodes that are gone are swept when they outnumber the living.
    if (++forgotten_ > 1024 && forgotten_ > lower_.size() / 2) {
      std::erase_if(lower_, [](const auto& row) { return row.second.expired(); });
      forgotten_ = 0;
    }
  }
}

NodePtr NodeTable::Find(const LowerKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = lower_.find(key);
  return it == lower_.end() ? nullptr : it->second.lock();
}

void NodeTable::Bind(const LowerKey& key, const NodePtr& node) {
  const std::lock_guard lock(mutex_);
  lower_[key] = node;
}

std::vector<NodePtr> NodeTable::All() const {
  std::vector<NodePtr> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, weak] : lower_) {
    if (NodePtr node = weak.lock()) all.push_back(std::move(node));
  }
  return all;
}

}  // namespace shoumi::agent::usb
