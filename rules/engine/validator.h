#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/engine/validators/group_run.h"
#include "shoumi/v1/finding.pb.h"

// Second stage of a detector. Hyperscan finds cheap anchors in normalised text; a validator decides
// whether the text at the anchor is the thing, with checksums, boundaries and context. Validators
// are pure functions, thread-safe, allocate little and never look further than the bounds below.
namespace shoumi::rules {

// Normalised text (see normalise.h): UTF-8, fullwidth and other compatibility forms folded, digit
// forms folded to ASCII, zero-width characters removed, case kept.
struct Candidate {
  std::string_view text;  // the whole normalised block the anchor lies in
  // The anchor, byte offsets in `text`, from <= to. `to` is just after the text that the pack's
  // pattern matched. Where the pattern states `symbols: N`, [from, to) is exactly the last N
  // letters and digits of the match with the single spaces, hyphens and brackets between them: the
  // value starts at `from` and may go on past `to`. Otherwise `from` is `to` less the pattern's
  // width, or `to` where the width varies, and the validator looks both ways. One value may raise
  // several anchors; judgements with equal extents count once.
  size_t from = 0;
  size_t to = 0;
  v1::PartKind kind = v1::PART_KIND_BODY;
  bool block_starts_part = true;  // text[0] is the first byte of its part
  bool block_ends_part = true;
  std::string_view today;  // ISO 8601 date
  mutable GroupRuns runs;  // see ReadGroups(); not for another anchor
};

enum class Reject : uint8_t {
  kNone,
  kShape,     // the anchor fired on something else
  kBoundary,  // part of a longer number or word
  kChecksum,
  kRange,    // region, date, issuer or prefix that does not exist
  kContext,  // needed words are missing, or words that speak against it are near
  kProse,    // a marking word inside a sentence
  kExcluded,
};
std::string_view RejectName(Reject reject);  // "checksum"

struct Judgement {
  Reject reject = Reject::kNone;
  // Exact extent of the accepted value in Candidate::text; the anchor may have been shorter.
  size_t from = 0;
  size_t to = 0;
  uint8_t confidence = 0;  // 0..100, before keywords
  std::string value;       // canonical form, equal for equal things: digits only, upper case
  std::optional<v1::Marking> marking;

  [[nodiscard]] bool accepted() const { return reject == Reject::kNone; }
};

inline constexpr size_t kValidatorLookBytesMax = 512;  // each way from the anchor

struct Validator {
  std::string_view name;  // as packs use it: "resident_id"
  Judgement (*judge)(const Candidate& candidate);
  // What a number that is written in one piece must have to be looked at. A max of 0 leaves it to
  // `judge`.
  Alphabet alphabet = Alphabet::kDigits;
  Lengths lengths;
};

// Null when there is none.
const Validator* FindValidator(std::string_view name);

// False when `judge` would only find that the shape is wrong. Most anchors have the wrong length
// for most of their validators.
bool MayHold(const Validator& validator, const Candidate& candidate);

// What may be shown of a value: enough to recognise it, never enough to use it. By validator name;
// an unknown name gets the strictest form. UTF-8 in, UTF-8 out.
std::string MaskValue(std::string_view validator, std::string_view value);

}  // namespace shoumi::rules
