#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "rules/engine/validator.h"
#include "shoumi/v1/finding.pb.h"

// What a pack says, after reading and checking and before compiling. Format: docs/PACKS.md.
namespace shoumi::rules {

inline constexpr size_t kPackBytesMax = 1 << 20;
inline constexpr size_t kPacksMax = 64;
inline constexpr size_t kDetectorsMax = 512;
inline constexpr size_t kPatternsPerDetectorMax = 32;
inline constexpr size_t kWordsPerListMax = 500;
inline constexpr size_t kTermsPerDetectorMax = 20'000;
inline constexpr size_t kExceptionsPerDetectorMax = 10'000;
inline constexpr size_t kRegexBytesMax = 1024;
inline constexpr size_t kWordBytesMax = 96;
inline constexpr uint32_t kWithinCharsMax = 400;
inline constexpr uint32_t kSymbolsMax = 64;
inline constexpr size_t kExceptCollectionsMax = 16;
inline constexpr uint32_t kUnitsMinDefault = 40;
inline constexpr uint32_t kUnitsMinMax = 1'000'000;

struct Pattern {
  std::string regex;
  const Validator* validator = nullptr;
  uint32_t symbols = 0;  // 0: not stated
  bool caseless = false;
  uint32_t line = 0;
};

struct WordList {
  std::vector<std::string> words;  // as text is after normalisation
  uint32_t within_chars = 0;
  uint32_t points = 0;  // added or taken off, 0..100
  bool required = false;
};

struct Term {
  std::string text;  // as text is after normalisation
  uint32_t weight = 1;
};

struct Detector {
  std::string id;
  std::string title_zh;
  std::string title_en;
  v1::Level level = v1::LEVEL_NONE;
  bool level_from_marking = false;
  uint32_t priority = 50;
  uint32_t threshold_distinct = 1;
  uint32_t threshold_count = 1;

  // Of patterns.
  std::vector<Pattern> patterns;
  WordList keywords;
  WordList against;
  uint32_t report_from = 60;
  absl::flat_hash_set<std::string> exceptions;  // values, in each form that a validator may give

  // Of terms.
  std::vector<Term> terms;
  uint32_t within_chars = 0;
  uint32_t score_min = 0;
  uint32_t distinct_min = 0;
  uint32_t figures_min = 0;

  // Of rows of a client registry; `within_chars` as above.
  std::string registry;
  uint32_t columns_min = 0;

  // Of text in common with registered documents: with one of them, all of these.
  std::string documents;  // a collection
  uint32_t units_min = 0;
  uint32_t share_of_registered_min = 0;  // percent
  uint32_t share_of_inspected_min = 0;   // percent

  // Of names that contradict the content.
  bool name_contradicts = false;

  // Collections of excluded documents: what stands in one of them does not count.
  std::vector<std::string> except_documents;

  std::string file;
  uint32_t line = 0;

  [[nodiscard]] bool is_dictionary() const { return !terms.empty(); }
  [[nodiscard]] bool is_of_rows() const { return !registry.empty(); }
  [[nodiscard]] bool is_of_documents() const { return !documents.empty(); }
};

}  // namespace shoumi::rules
