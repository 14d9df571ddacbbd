#include "rules/documents/grams.h"

#include <algorithm>
#include <limits>

namespace shoumi::documents {
namespace {

constexpr uint64_t kBase = 0x9E3779B97F4A7C15;
constexpr uint64_t kBase2 = kBase * kBase;
constexpr uint64_t kBase4 = kBase2 * kBase2;
static_assert(kGramUnits == 10 && kWindowGrams == 16, "the sums below are written for these");

// Of a gram's units, so many may equal one of the three before them in it.
constexpr uint32_t kRepeatsMax = 5;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
// The last bits of a key tell its place, the higher the later, so that of equal ones the last
// counts.
constexpr uint64_t kPlaceMask = 1023;

uint64_t Finish(uint64_t value) {
  value ^= value >> 32U;
  value *= 0xD6E8FEB86659FD93;
  value ^= value >> 32U;
  value *= 0xD6E8FEB86659FD93;
  return value ^ value >> 32U;
}

// Whether a unit equals one of the three before it that are in its gram, of which it is number
// `place`.
bool Repeats(const uint64_t* unit, size_t place) {
  return (place >= 1 && unit[0] == unit[-1]) || (place >= 2 && unit[0] == unit[-2]) ||
         (place >= 3 && unit[0] == unit[-3]);
}

bool IsRepetitiveGram(const uint64_t* units) {
  uint32_t repeats = 0;
  for (size_t i = 1; i < kGramUnits; ++i) repeats += Repeats(units + i, i) ? 1 : 0;
  return repeats > kRepeatsMax;
}

// The loops over a block, for what the processor has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SHOUMI_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#else
#define SHOUMI_CLONES
#endif

// The sum over each gram's units, in pieces of two, four and eight of them; `two` and `four` are
// room.
SHOUMI_CLONES void SumGrams(const uint64_t* u, size_t units, uint64_t* two, uint64_t* four,
                            uint64_t* grams, uint64_t* keys_of) {
  for (size_t i = 0; i + 1 < units; ++i) two[i] = u[i] * kBase + u[i + 1];
  for (size_t i = 0; i + 3 < units; ++i) four[i] = two[i] * kBase2 + two[i + 2];
  for (size_t i = 0; i + kGramUnits <= units; ++i) {
    const uint64_t eight = four[i] * kBase4 + four[i + 4];
    grams[i] = Finish(eight * kBase2 + two[i + 8]);
  }
  for (size_t i = 0; i + kGramUnits <= units; ++i) {
    keys_of[i] = (grams[i] & ~kPlaceMask) | (kPlaceMask - i);
  }
}

// Which units equal one of the three before them; the first three are left to the caller.
SHOUMI_CLONES void MarkRepeats(const uint64_t* u, size_t units, uint8_t* repeats) {
  for (size_t i = 3; i < units; ++i) {
    repeats[i] = static_cast<uint8_t>((u[i] == u[i - 1]) | (u[i] == u[i - 2]) | (u[i] == u[i - 3]));
  }
}

// In place of each key, the least of it and the fifteen behind it.
SHOUMI_CLONES void LeastOfWindows(uint64_t* keys, size_t count) {
  for (size_t width = 1; width < kWindowGrams; width *= 2) {
    for (size_t i = 0; i + 2 * width <= count; ++i) {
      keys[i] = keys[i] < keys[i + width] ? keys[i] : keys[i + width];
    }
  }
}
#undef SHOUMI_CLONES

// The sum over the units, each times a power of kBase.
uint64_t GramOf(const uint64_t* units) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kGramUnits; ++i) sum = sum * kBase + units[i];
  return Finish(sum);
}

}  // namespace

Winnower::Winnower()
    : hashes_(kBlockUnits),
      froms_(kBlockUnits),
      tos_(kBlockUnits),
      four_(kBlockUnits),
      grams_(kBlockUnits),
      keys_(kBlockUnits),
      least_(kBlockUnits),
      repeats_(kBlockUnits) {
  static_assert(kBlockUnits - 1 <= kPlaceMask);
}

void Winnower::BeginPart() {
  size_ = 0;
  first_ = 0;
  last_said_ = 0;
  ends_ = false;
  chosen_.clear();
}

void Winnower::Choose() {
  if (size_ < kGramUnits) return;
  const size_t grams = size_ - kGramUnits + 1;
  const uint64_t* const u = hashes_.data();
  SumGrams(u, size_, least_.data(), four_.data(), grams_.data(), keys_.data());
  // A unit that repeats counts in the grams that hold the one it repeats; nearly none does.
  uint32_t repeats = 0;
  size_t last_repeat = 0;
  MarkRepeats(u, size_, repeats_.data());
  for (size_t i = 1; i < size_; ++i) {
    if (i < 3 ? !Repeats(u + i, i) : repeats_[i] == 0) continue;
    repeats = i - last_repeat < kGramUnits ? repeats + 1 : 1;
    last_repeat = i;
    if (repeats <= kRepeatsMax) continue;
    for (size_t gram = i + 1 > kGramUnits ? i + 1 - kGramUnits : 0; gram <= i && gram < grams;
         ++gram) {
      if (IsRepetitiveGram(u + gram)) keys_[gram] = kNever;
    }
  }
  const bool whole_window = grams >= kWindowGrams;
  const size_t windows = whole_window ? grams - kWindowGrams + 1 : (ends_ && first_ == 0 ? 1 : 0);
  const auto say = [this](uint64_t key) {
    if (key == kNever) return;
    const auto at = static_cast<size_t>(kPlaceMask - (key & kPlaceMask));
    if (first_ + at + 1 <= last_said_) return;
    last_said_ = first_ + at + 1;
    chosen_.push_back({grams_[at], froms_[at], tos_[at + kGramUnits - 1]});
  };
  if (whole_window) {
    std::copy_n(keys_.begin(), grams, least_.begin());
    LeastOfWindows(least_.data(), grams);
    uint64_t before = kNever;
    for (size_t i = 0; i < windows; ++i) {
      if (least_[i] != before) say(before = least_[i]);
    }
  } else if (windows == 1) {
    say(*std::min_element(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(grams)));
  }
  // The next block starts with the first window that was not whole in this one.
  const size_t done = whole_window ? windows : 0;
  const size_t kept = size_ - done;
  for (auto* const column : {&hashes_, &froms_, &tos_}) {
    std::copy_n(column->begin() + static_cast<std::ptrdiff_t>(done), kept, column->begin());
  }
  size_ = kept;
  first_ += done;
}

bool GramReader::IsRepetitive(const Hashes& hashes) {
  return IsRepetitiveGram(hashes.data());
}

uint64_t GramReader::HashOf(const Hashes& hashes) {
  return GramOf(hashes.data());
}

std::vector<Gram> GramsOf(std::string_view text) {
  std::vector<Gram> grams;
  UnitReader units;
  GramReader reader;
  const auto add = [&](const Unit& unit) {
    reader.Add(unit, [&](const Gram& gram) { grams.push_back(gram); });
  };
  units.Read(text, add);
  units.EndPart(add);
  return grams;
}

}  // namespace shoumi::documents
