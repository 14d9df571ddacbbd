#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/registry/registry.h"
#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/inspect.pb.h"

// registry.yaml: what a table of clients has in its columns. Format: docs/REGISTRY.md.
namespace shoumi::registry {

inline constexpr size_t kSpecBytesMax = 64 << 10;
inline constexpr size_t kHeadBytesMax = 256;
inline constexpr size_t kLevelValuesMax = 64;

enum class Encoding : uint8_t { kAuto, kUtf8, kGb18030, kUtf16 };

struct Spec {
  struct Source {
    std::string head;  // of the table's column
    Column column;
  };
  std::string name;
  std::vector<Source> columns;
  std::string level_head;  // empty: the table says no levels
  std::map<std::string, v1::Level, std::less<>> level_values;
  v1::Level level_default = v1::LEVEL_NONE;
  Encoding encoding = Encoding::kAuto;
  char separator = '\0';  // 0: told from the first line
};

// Empty, with errors added to `problems`, when it is not usable. `file` is what problems name.
std::optional<Spec> LoadSpec(std::string_view file, std::string_view yaml,
                             std::vector<v1::PackProblem>& problems);

// "confidential" or "秘密", "secret" or "机密", "top_secret" or "绝密", "none".
std::optional<v1::Level> FindLevel(std::string_view word);

}  // namespace shoumi::registry
