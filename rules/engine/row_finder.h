#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/compiled_rules.h"
#include "rules/registry/matcher.h"
#include "rules/registry/registry.h"

namespace shoumi::rules {

// A row of a client registry that a detector wants, in a stretch of text. Offsets are in the part's
// normalised text.
struct FoundRow {
  uint32_t detector = 0;
  uint32_t row = 0;
  v1::Level level = v1::LEVEL_NONE;  // of the row
  uint8_t confidence = 0;
  uint64_t from = 0;
  uint64_t to = 0;
  std::vector<std::string> columns;  // names, in order of offset
  std::string masked;                // the values, fit to be shown
};

// The detectors of rows, each over the registry that it names. One that names a registry which is
// not there finds nothing; whoever compiled the packs has said so. Not thread-safe.
class RowFinder {
 public:
  using Found = std::function<void(const FoundRow&)>;

  // `rules` outlives it.
  RowFinder(const CompiledRules& rules, registry::Registries registries, Found found);
  RowFinder(const RowFinder&) = delete;
  RowFinder& operator=(const RowFinder&) = delete;

  void BeginPart();
  void Scan(const registry::Stretch& stretch);

 private:
  struct Search {
    std::shared_ptr<const registry::Registry> registry;
    std::vector<uint32_t> detectors;  // by number of the matcher's rule
    std::unique_ptr<registry::Matcher> matcher;
  };
  void OnRow(const Search& search, const registry::RowMatch& match);

  const CompiledRules& rules_;
  const Found found_;
  std::vector<std::unique_ptr<Search>> searches_;
  registry::Stretch stretch_;  // that is scanned
};

}  // namespace shoumi::rules
