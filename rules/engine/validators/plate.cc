// Number plates of motor vehicles, GA 36-2018: province, letter of the authority, five characters
// without I and O; new-energy vehicles six, with the letter of the drive first (small) or last
// (large); 警 学 挂 港 澳 试 超 last on special plates; 使 and 领 for missions.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidence = 80;
constexpr uint8_t kConfidenceLetters = 55;  // three or more letters: possible, and like a serial
constexpr std::string_view kProvinces =
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使";
constexpr std::string_view kLast = "警学挂港澳领试超使";
// Words that end in a province's character and come before product codes.
constexpr std::array<std::string_view, 14> kOtherWords = {
    "阿里云", "腾讯云", "华为云", "百度云", "私有云", "公有云", "上云",
    "最新",   "全新",   "更新",   "创新",   "翻新",   "刷新",   "维新"};

bool IsPlateChar(char c) {
  return IsDigit(c) || ((IsUpper(c) || IsLower(c)) && ToUpper(c) != 'I' && ToUpper(c) != 'O');
}

bool Contains(std::string_view set, std::string_view character) {
  return character.size() == 3 && set.find(character) != std::string_view::npos;
}

struct Plate {
  size_t to = 0;
  std::string tail;     // upper case, without the special last character
  std::string special;  // 警 and the like, else empty
};

// Reads what follows the province and letter; `at` is behind the letter.
Plate ReadTail(std::string_view text, size_t at) {
  Plate plate;
  const CodePoint separator = CharAt(text, at);
  if (separator.value == 0xB7 || separator.value == U'•' || separator.value == U'・' ||
      separator.value == U'●' || separator.value == '.' || IsSpace(separator.value) ||
      IsDash(separator.value)) {
    at += separator.bytes;
  }
  while (at < text.size() && plate.tail.size() < 7 && IsPlateChar(text[at])) {
    plate.tail += ToUpper(text[at++]);
  }
  const std::string_view last = text.substr(at, 3);
  if (plate.tail.size() == 4 && Contains(kLast, last)) {
    plate.special = last;
    at += 3;
  }
  plate.to = at;
  return plate;
}

bool IsNewEnergy(std::string_view tail) {
  constexpr std::string_view kDrive = "ABCDEFGHJK";
  const auto digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), IsDigit);
  };
  const bool small = kDrive.find(tail[0]) != std::string_view::npos && digits(tail.substr(2));
  const bool large = kDrive.find(tail[5]) != std::string_view::npos && digits(tail.substr(0, 5));
  return small || large;
}

uint8_t ConfidenceOf(const Plate& plate) {
  const auto digits = std::count_if(plate.tail.begin(), plate.tail.end(), IsDigit);
  if (!plate.special.empty()) {
    return digits >= 2 ? kConfidence : 0;
  }
  if (plate.tail.size() == 6) {
    return IsNewEnergy(plate.tail) ? kConfidence : 0;
  }
  if (plate.tail.size() != 5 || digits < 2) {
    return 0;
  }
  return digits >= 3 ? kConfidence : kConfidenceLetters;
}

// The letter of the authority stands behind the province, a space between is common.
size_t LetterOf(std::string_view text, size_t province) {
  const size_t at = province + 3;
  const CodePoint gap = CharAt(text, at);
  return IsSpace(gap.value) ? at + gap.bytes : at;
}

// The province character whose plate covers the anchor; npos when there is none.
size_t FindProvince(const Candidate& candidate) {
  constexpr size_t kBackBytesMax = 20;
  const std::string_view text = candidate.text;
  size_t at = CharFloor(text, std::min(candidate.to, text.size()));
  const size_t low = candidate.from > kBackBytesMax ? candidate.from - kBackBytesMax : 0;
  while (true) {
    const CodePoint next = CharAt(text, at);
    if (next.bytes == 3) {
      const CodePoint letter = CharAt(text, LetterOf(text, at));
      if (letter.bytes == 1 && IsAlpha(static_cast<char>(letter.value)) &&
          IsPlateChar(static_cast<char>(letter.value)) &&
          Contains(kProvinces, text.substr(at, 3))) {
        return at;
      }
    }
    const CodePoint before = CharBefore(text, at);
    const bool between = before.value >= 0x80 || before.value == ' ' || before.value == '-' ||
                         before.value == '.' || IsAlnum(static_cast<char>(before.value));
    if (!between || at < low + before.bytes) {
      return std::string_view::npos;
    }
    at -= before.bytes;
  }
}

}  // namespace

Judgement ValidatePlate(const Candidate& candidate) {
  const std::string_view text = candidate.text;
  const size_t from = FindProvince(candidate);
  if (from == std::string_view::npos) {
    return Rejected(Reject::kShape);
  }
  const size_t letter = LetterOf(text, from);
  const Plate plate = ReadTail(text, letter + 1);
  const uint8_t confidence = ConfidenceOf(plate);
  if (confidence == 0 || plate.to < candidate.from) {
    return Rejected(Reject::kShape);
  }
  if (plate.to < text.size() && (IsAlnum(text[plate.to]) || text[plate.to] == '_')) {
    return Rejected(Reject::kBoundary);
  }
  const std::string_view before = text.substr(0, from + 3);
  if (std::any_of(kOtherWords.begin(), kOtherWords.end(),
                  [&](std::string_view word) { return before.ends_with(word); }) ||
      LabelledOtherwise(text, from)) {
    return Rejected(Reject::kContext);
  }
  std::string value(text.substr(from, 3));
  value += ToUpper(text[letter]);
  value += plate.tail;
  value += plate.special;
  return {.from = from,
          .to = plate.to,
          .confidence = confidence,
          .value = std::move(value),
          .marking = {}};
}

}  // namespace shoumi::rules
