#include "benchmarks/rest/processes.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace shoumi::benchmarks {
namespace {

std::string FileOf(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// The fields of stat from the third (state) on; the name before them may hold anything.
std::vector<std::string> StatOf(pid_t pid) {
  std::ifstream file(FileOf(pid, "stat"));
  std::string line;
  std::vector<std::string> fields;
  if (!std::getline(file, line) || line.rfind(')') == std::string::npos) return fields;
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    const auto pid = static_cast<pid_t>(std::stoi(name));
    const auto fields = StatOf(pid);
    if (fields.size() > 1 && std::stoi(fields[1]) == parent) children.push_back(pid);
  }
  return children;
}

}  // namespace

std::vector<pid_t> TreeOf(pid_t root) {
  std::vector<pid_t> tree = {root};
  for (size_t i = 0; i < tree.size(); ++i) {
    for (const pid_t child : ChildrenOf(tree[i])) tree.push_back(child);
  }
  return tree;
}

std::string NameOf(pid_t pid) {
  std::ifstream file(FileOf(pid, "comm"));
  std::string name;
  std::getline(file, name);
  return name;
}

Memory MemoryOf(pid_t pid) {
  Memory memory;
  std::ifstream file(FileOf(pid, "smaps_rollup"));
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = line;
    const auto take = [&](std::string_view key, uint64_t& value) {
      if (text.starts_with(key)) value = std::stoull(line.substr(key.size()));
    };
    take("Rss:", memory.rss_kib);
    take("Pss:", memory.pss_kib);
    take("Pss_Anon:", memory.anon_kib);
    take("Pss_File:", memory.file_kib);
  }
  return memory;
}

uint64_t NanosOf(pid_t pid) {
  uint64_t sum = 0;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(FileOf(pid, "task"), error)) {
    std::ifstream file(task.path() / "schedstat");
    uint64_t nanos = 0;
    if (file >> nanos) sum += nanos;
  }
  return sum;
}

}  // namespace shoumi::benchmarks
