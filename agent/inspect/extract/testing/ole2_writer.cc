#include "agent/inspect/extract/testing/ole2_writer.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace shoumi::inspect {
namespace {

constexpr size_t kSector = 512;
constexpr uint32_t kTableEntries = kSector / 4;
constexpr uint32_t kEnd = 0xFFFFFFFE;
constexpr uint32_t kFree = 0xFFFFFFFF;

void Put(std::string& out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(i < 8 ? static_cast<char>(value >> (8 * i)) : '\0');
}

struct Node {
  std::string name;
  int type = 2;
  std::vector<size_t> children;  // identifiers of entries
  uint32_t first = kEnd;
  size_t bytes = 0;
  uint32_t next = kFree;  // sibling
};

// The storage `path` below the root, made where there is none.
size_t StorageAt(std::vector<Node>& nodes, std::string_view path) {
  size_t at = 0;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    const auto& children = nodes[at].children;
    const auto found = std::find_if(children.begin(), children.end(),
                                    [&](size_t child) { return nodes[child].name == name; });
    if (found != children.end()) {
      at = *found;
      continue;
    }
    nodes.push_back({std::string(name), 1, {}, 0, 0, kFree});
    nodes[at].children.push_back(nodes.size() - 1);
    at = nodes.size() - 1;
  }
  return at;
}

std::string Entry(const Node& node) {
  std::string entry;
  for (const char c : node.name) entry += {c, '\0'};
  entry.resize(64, '\0');
  Put(entry, 2 * node.name.size() + 2, 2);
  Put(entry, static_cast<uint64_t>(node.type), 2);
  Put(entry, kFree, 4);
  Put(entry, node.next, 4);
  Put(entry, node.children.empty() ? kFree : node.children.front(), 4);
  entry.resize(116, '\0');
  Put(entry, node.first, 4);
  Put(entry, node.bytes, 8);
  return entry;
}

}  // namespace

std::string MakeOle2(const std::vector<std::pair<std::string, std::string>>& streams) {
  // Sector 0: table. Then the directory, then the streams.
  std::vector<Node> nodes = {{"Root Entry", 5, {}, kEnd, 0, kFree}};
  for (const auto& [path, bytes] : streams) {
    const size_t slash = path.rfind('/');
    const size_t parent =
        slash == std::string::npos ? 0 : StorageAt(nodes, std::string_view(path).substr(0, slash));
    nodes.push_back({path.substr(slash + 1), 2, {}, 0, bytes.size(), kFree});
    nodes[parent].children.push_back(nodes.size() - 1);
  }
  for (const Node& node : std::vector<Node>(nodes)) {
    for (size_t i = 1; i < node.children.size(); ++i) {
      nodes[node.children[i - 1]].next = static_cast<uint32_t>(node.children[i]);
    }
  }
  std::string data;
  std::vector<uint32_t> table = {0xFFFFFFFD};
  const size_t directory_sectors = (128 * nodes.size() + kSector - 1) / kSector;
  for (size_t i = 1; i <= directory_sectors; ++i) {
    table.push_back(i == directory_sectors ? kEnd : static_cast<uint32_t>(i + 1));
  }
  auto stream = streams.begin();
  for (Node& node : nodes) {
    if (node.type != 2) continue;
    std::string padded = (stream++)->second;
    node.bytes = padded.size();
    padded.resize((std::max<size_t>(padded.size(), 1) + kSector - 1) / kSector * kSector, '\0');
    node.first = static_cast<uint32_t>(table.size());
    for (size_t left = padded.size() / kSector; left > 0; --left) {
      table.push_back(left == 1 ? kEnd : static_cast<uint32_t>(table.size() + 1));
    }
    data += padded;
  }
  // Further sectors of the table stand behind everything else.
  const auto more_at = static_cast<uint32_t>(table.size());
  uint32_t more = 0;
  while (more_at + more > kTableEntries * (1 + more)) ++more;
  table.insert(table.end(), more, 0xFFFFFFFD);
  table.resize(kTableEntries * (1 + more), kFree);
  std::string directory;
  for (const Node& node : nodes) directory += Entry(node);
  directory.resize(directory_sectors * kSector, '\0');
  std::string out = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
  out.resize(24, '\0');
  Put(out, 0x3E, 2);
  Put(out, 3, 2);
  Put(out, 0xFFFE, 2);
  Put(out, 9, 2);
  Put(out, 6, 2);
  out.resize(44, '\0');
  Put(out, 1 + more, 4);
  Put(out, 1, 4);  // the directory
  Put(out, 0, 4);
  Put(out, 0, 4);  // no stream is too small for sectors of its own
  Put(out, kEnd, 4);
  Put(out, 0, 4);
  Put(out, kEnd, 4);
  Put(out, 0, 4);
  Put(out, 0, 4);
  for (uint32_t i = 1; i < 109; ++i) Put(out, i <= more ? more_at + i - 1 : kFree, 4);
  std::string sectors;
  for (const uint32_t one : table) Put(sectors, one, 4);
  return out + sectors.substr(0, kSector) + directory + data + sectors.substr(kSector);
}

std::string MakeOleNative(const std::string& label, const std::string& bytes) {
  std::string out;
  Put(out, 0, 4);
  Put(out, 2, 2);
  out += label + '\0' + "C:\\" + label + '\0';
  Put(out, 3, 4);
  Put(out, label.size() + 1, 4);
  out += label + '\0';
  Put(out, bytes.size(), 4);
  return out + bytes;
}

}  // namespace shoumi::inspect
