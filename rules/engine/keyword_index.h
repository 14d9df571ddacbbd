#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rules/engine/compiled_rules.h"

namespace shoumi::rules {

// Where the words of keyword and against lists are, found only around candidates: text that is
// nowhere near one is never searched, and no byte is searched more than about once.
class KeywordIndex {
 public:
  explicit KeywordIndex(const CompiledRules& rules) : rules_(rules) {}
  absl::Status Prepare();

  // Another window; `text` lives until the next call.
  void Reset(std::string_view text);
  // True when a word of the list ends within `within_chars` characters before `from`, starts within
  // as many after `to`, or lies in between.
  bool Near(uint32_t list, size_t from, size_t to, uint32_t within_chars);

  // Lists with a word in each cell of the TAB separated line that `text` starts with.
  using ListSet = std::vector<uint64_t>;
  std::vector<ListSet> ListsOfCells(std::string_view line);

 private:
  struct Hit {
    uint32_t end = 0;
    uint32_t word = 0;
  };
  void Cover(size_t from, size_t to);
  void Search(size_t from, size_t to);
  [[nodiscard]] bool StandsAlone(const CompiledRules::Word& word, size_t start, size_t end) const;
  [[nodiscard]] bool InList(uint32_t word, uint32_t list) const {
    return (rules_.words[word].lists[list / 64] >> (list % 64) & 1) != 0;
  }

  const CompiledRules& rules_;
  HsScratch scratch_;
  std::string_view text_;
  std::vector<Hit> hits_;  // by end, all that end in (covered_from_, covered_to_]
  size_t covered_from_ = 0;
  size_t covered_to_ = 0;
};

}  // namespace shoumi::rules
