#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/engine/hs_image.h"
#include "rules/engine/pack.h"
#include "shoumi/v1/inspect.pb.h"

// Packs in the form that a Scanner runs. Immutable after Compile.
namespace shoumi::rules {

inline constexpr uint32_t kAnchorWidthBytesMax = 200;
inline constexpr size_t kPatternDatabaseBytesMax = 2U << 20;
// Matches of one expression in the sample of ordinary text, per 1,000 bytes.
inline constexpr uint32_t kOrdinaryMatchesPerMilleMax = 20;

struct CompiledRules {
  // A detector and a validator that want the anchors of one expression.
  struct Use {
    uint32_t detector = 0;
    const Validator* validator = nullptr;
  };
  // Equal expressions of several detectors are one anchor.
  struct Anchor {
    uint32_t symbols = 0;
    uint32_t width = 0;  // 0 where it varies
    std::vector<Use> uses;
  };
  // A word of a keyword or against list, once for all lists that hold it.
  struct Word {
    uint32_t size = 0;
    bool boundary_before = false;
    bool boundary_after = false;
    std::vector<uint64_t> lists;  // bit set of list numbers
  };
  struct TermUse {
    uint32_t detector = 0;
    uint32_t term = 0;
  };
  struct Term {
    uint32_t size = 0;
    bool boundary_before = false;
    bool boundary_after = false;
    std::vector<TermUse> uses;
  };

  std::vector<Detector> detectors;  // by id
  std::vector<Anchor> anchors;      // expression ids 0..anchors-1 of `patterns`
  std::vector<Term> terms;          // expression ids from anchors.size()
  std::vector<Word> words;          // expression ids of `words_image`
  uint32_t list_count = 0;  // detector d has keywords as list 2d and against-words as list 2d+1

  std::unique_ptr<HsImage> patterns;     // null where all detectors are of rows
  std::unique_ptr<HsImage> words_image;  // null where no detector has words
};

// Stage "compile". Tries every expression alone, so that a problem names its line, then all of them
// together. Null when `problems` got an error.
std::unique_ptr<CompiledRules> CompileRules(std::vector<Detector> detectors,
                                            std::vector<v1::PackProblem>& problems);

}  // namespace shoumi::rules
