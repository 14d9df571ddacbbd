// What notices, logs and incidents may show of a value: enough to recognise it in its document,
// never the birth date, the account or the subscriber.
#include <algorithm>
#include <string>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validator.h"

namespace shoumi::rules {
namespace {

constexpr size_t kStarsMax = 8;

size_t CountChars(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string Stars(std::string_view value) {
  return std::string(std::min(CountChars(value), kStarsMax), '*');
}

// Byte offset of the character `count` characters from the front.
size_t OffsetOf(std::string_view value, size_t count) {
  size_t at = 0;
  while (count-- > 0 && at < value.size()) {
    at += CharAt(value, at).bytes;
  }
  return at;
}

// The first `head` and last `tail` characters; everything as stars when that would show too much.
std::string Keep(std::string_view value, size_t head, size_t tail) {
  const size_t chars = CountChars(value);
  if (chars < (head + tail) * 3 / 2 || chars <= head + tail) {
    return Stars(value);
  }
  std::string masked(value.substr(0, OffsetOf(value, head)));
  masked.append(chars - head - tail, '*');
  masked += value.substr(OffsetOf(value, chars - tail));
  return masked;
}

std::string MaskEmail(std::string_view value) {
  const size_t at = value.rfind('@');
  if (at == std::string_view::npos || at == 0) {
    return Stars(value);
  }
  std::string masked(value.substr(0, CharAt(value, 0).bytes));
  return masked.append("***").append(value.substr(at));
}

// The area code stays, and the last two digits.
std::string MaskLandline(std::string_view value) {
  const bool short_area = value.starts_with("01") || value.starts_with("02");
  return Keep(value, short_area ? 3 : 4, 2);
}

}  // namespace

std::string MaskValue(std::string_view validator, std::string_view value) {
  if (validator == "resident_id") {
    return value.size() == 15 ? Keep(value, 6, 2) : Keep(value, 6, 4);
  }
  if (validator == "mobile") {
    return Keep(value, 3, 4);
  }
  if (validator == "landline") {
    return MaskLandline(value);
  }
  if (validator == "bank_card" || validator == "card") {
    return value.size() < 15 ? Keep(value, 6, 3) : Keep(value, 6, 4);
  }
  if (validator == "uscc") {
    return Keep(value, 8, 4);
  }
  if (validator == "org_code") {
    return Keep(value, 2, 2);
  }
  if (validator == "iban") {
    return Keep(value, 4, 4);
  }
  if (validator == "passport" || validator == "travel_permit") {
    return Keep(value, 1, 2);
  }
  if (validator == "plate") {
    return Keep(value, 2, 2);
  }
  if (validator == "name") {  // of a company
    return Keep(value, 2, 2);
  }
  if (validator == "person") {
    return Keep(value, 1, 0);
  }
  if (validator == "address") {
    return Keep(value, 3, 0);
  }
  if (validator == "email") {
    return MaskEmail(value);
  }
  if (validator == "marking") {
    return std::string(value);  // the level of a document is what must be shown
  }
  return Stars(value);
}

}  // namespace shoumi::rules
