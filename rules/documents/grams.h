#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

// Units → the hash of every run of kGramUnits. Not thread-safe.
class GramReader {
 public:
  void BeginPart() {
    units_ = 0;
    rolling_ = 0;
    repeats_ = 0;
  }
  // `sink` is called with the gram that `unit` ends, if there is one and it is not repetitive.
  template <class Sink>
  void Add(const Unit& unit, Sink&& sink) {
    Kept& slot = kept_[units_ % kGramUnits];
    if (units_ >= kGramUnits) {
      rolling_ -= slot.unit.hash * kOldest;
      repeats_ -= slot.repeats ? 1 : 0;
    }
    slot = {unit, Repeats(unit.hash)};
    rolling_ = rolling_ * kBase + unit.hash;
    repeats_ += slot.repeats ? 1 : 0;
    ++units_;
    if (units_ < kGramUnits || repeats_ > kRepeatsMax) return;
    sink(Gram{Finish(rolling_), kept_[units_ % kGramUnits].unit.from, unit.to});
  }
  [[nodiscard]] uint64_t units() const { return units_; }

 private:
  static constexpr uint64_t kBase = 0x9E3779B97F4A7C15;
  static constexpr uint64_t kOldest = [] {  // to the power of kGramUnits - 1
    uint64_t power = 1;
    for (size_t i = 1; i < kGramUnits; ++i) power *= kBase;
    return power;
  }();
  // Columns of zeros and ruled lines are in every form; so many of ten units may be one of the
  // three before them.
  static constexpr size_t kRepeatsMax = 5;

  struct Kept {
    Unit unit;
    bool repeats = false;
  };
  [[nodiscard]] bool Repeats(uint64_t hash) const {
    for (size_t back = 1; back <= 3 && back <= units_; ++back) {
      if (kept_[(units_ - back) % kGramUnits].unit.hash == hash) return true;
    }
    return false;
  }
  static uint64_t Finish(uint64_t value) {
    value ^= value >> 32U;
    value *= 0xD6E8FEB86659FD93;
    value ^= value >> 32U;
    value *= 0xD6E8FEB86659FD93;
    return value ^ value >> 32U;
  }

  std::array<Kept, kGramUnits> kept_{};
  uint64_t units_ = 0;
  uint64_t rolling_ = 0;
  size_t repeats_ = 0;
};

// Grams → those that are fingerprints, in order. Not thread-safe.
class Winnower {
 public:
  void BeginPart() {
    grams_ = 0;
    smallest_ = 0;
    said_ = false;
  }
  template <class Sink>
  void Add(const Gram& gram, Sink&& sink) {
    const uint64_t number = grams_++;
    kept_[number % kWindowGrams] = gram;
    if (number >= kWindowGrams && number - smallest_ >= kWindowGrams) {  // it left the window
      smallest_ = number;
      for (uint64_t back = 1; back < kWindowGrams; ++back) {
        if (At(number - back).hash < At(smallest_).hash) smallest_ = number - back;
      }
      said_ = false;
    } else if (gram.hash <= At(smallest_).hash) {
      smallest_ = number;
      said_ = false;
    }
    if (grams_ >= kWindowGrams) Say(sink);
  }
  // A part with fewer grams than a window has one fingerprint.
  template <class Sink>
  void EndPart(Sink&& sink) {
    if (grams_ > 0) Say(sink);
  }

 private:
  [[nodiscard]] const Gram& At(uint64_t number) const { return kept_[number % kWindowGrams]; }
  template <class Sink>
  void Say(Sink&& sink) {
    if (said_) return;
    said_ = true;
    sink(At(smallest_));
  }

  std::array<Gram, kWindowGrams> kept_{};
  uint64_t grams_ = 0;
  uint64_t smallest_ = 0;  // number of the gram; of equal ones the last
  bool said_ = false;
};

// All grams of `text`, normalised; offsets in it.
std::vector<Gram> GramsOf(std::string_view text);

}  // namespace shoumi::documents
