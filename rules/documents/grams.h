#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "rules/documents/units.h"

// Fingerprints by winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): of the hashes of all
// runs of kGramUnits units, the smallest in each kWindowGrams neighbours is kept.
namespace shoumi::documents {

inline constexpr size_t kGramUnits = 10;
inline constexpr size_t kWindowGrams = 16;
// Any run of so many units that two documents share gives both of them an equal fingerprint, unless
// it says the same over and over.
inline constexpr size_t kSharedUnitsFound = kGramUnits + kWindowGrams - 1;

// The hash of a run of units, not keyed.
struct Gram {
  uint64_t hash = 0;
  uint64_t from = 0;  // in the part's normalised text
  uint64_t to = 0;
};

// Units → fingerprints, in order, a block at a time. Not thread-safe.
class Winnower {
 public:
  Winnower();
  void BeginPart();
  // `sink` is called with a span of the Grams that are fingerprints of a block, when it is full.
  template <class Sink>
  void Add(const Unit& unit, Sink&& sink) {
    hashes_[size_] = unit.hash;
    froms_[size_] = unit.from;
    tos_[size_] = unit.to;
    if (++size_ == kBlockUnits) {
      Choose();
      Say(sink);
    }
  }
  // A part with fewer grams than a window has one fingerprint.
  template <class Sink>
  void EndPart(Sink&& sink) {
    ends_ = true;
    Choose();
    Say(sink);
  }

 private:
  static constexpr size_t kBlockUnits = 1024;
  // Units that the next block looks at again.
  static constexpr size_t kCarried = kSharedUnitsFound - 1;

  // Into `chosen_`; keeps the units that are carried.
  void Choose();
  template <class Sink>
  void Say(Sink&& sink) {
    if (!chosen_.empty()) sink(std::span<const Gram>(chosen_));
    chosen_.clear();
  }

  std::vector<uint64_t> hashes_;
  std::vector<uint64_t> froms_;
  std::vector<uint64_t> tos_;
  std::vector<uint64_t> four_;    // room for sums
  std::vector<uint64_t> grams_;   // of the block, by their first unit
  std::vector<uint64_t> keys_;    // what the smallest is told by
  std::vector<uint64_t> least_;   // of a window that starts here
  std::vector<uint8_t> repeats_;  // whether a unit does
  std::vector<Gram> chosen_;
  size_t size_ = 0;
  uint64_t first_ = 0;      // number of the block's first unit in the part
  uint64_t last_said_ = 0;  // number of the last fingerprint's first unit, plus one
  bool ends_ = false;
};

// Units → the hash of every run of kGramUnits, but for runs that say the same over and over:
// columns of zeros and ruled lines are in every form. Not thread-safe.
class GramReader {
 public:
  void BeginPart() { units_ = 0; }
  // `sink` is called with the gram that `unit` ends, if there is one.
  template <class Sink>
  void Add(const Unit& unit, Sink&& sink) {
    kept_[units_++ % kGramUnits] = unit;
    if (units_ < kGramUnits) return;
    std::array<uint64_t, kGramUnits> hashes{};
    for (size_t i = 0; i < kGramUnits; ++i) hashes[i] = kept_[(units_ + i) % kGramUnits].hash;
    if (IsRepetitive(hashes)) return;
    sink(Gram{HashOf(hashes), kept_[units_ % kGramUnits].from, unit.to});
  }

 private:
  using Hashes = std::array<uint64_t, kGramUnits>;
  static bool IsRepetitive(const Hashes& hashes);
  static uint64_t HashOf(const Hashes& hashes);

  std::array<Unit, kGramUnits> kept_{};
  uint64_t units_ = 0;
};

// All grams of `text`, normalised; offsets in it.
std::vector<Gram> GramsOf(std::string_view text);

}  // namespace shoumi::documents
