#include "agent/inspect/extract/numbers.h"

#include <charconv>

namespace shoumi::inspect {
namespace {

constexpr int kLengthMax = 64;

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string PlainNumber(std::string_view stored) {
  if (AllDigits(stored)) return std::string(stored);
  std::string_view rest = stored;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  int exponent = 0;
  if (const size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = rest.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto parsed = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (parsed.ec != std::errc() || parsed.ptr != power.data() + power.size()) {
      return std::string(stored);
    }
    rest = rest.substr(0, e);
  }
  const size_t point = rest.find('.');
  const std::string_view whole = rest.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : rest.substr(point + 1);
  if (!AllDigits(whole) || !AllDigits(fraction) || whole.size() + fraction.size() == 0 ||
      exponent > kLengthMax || exponent < -kLengthMax) {
    return std::string(stored);
  }
  std::string digits = std::string(whole) + std::string(fraction);
  int place = static_cast<int>(whole.size()) + exponent;  // of the decimal point in `digits`
  if (place < 0) digits.insert(0, static_cast<size_t>(-place), '0');
  place = place < 0 ? 0 : place;
  if (static_cast<size_t>(place) > digits.size()) {
    digits.append(static_cast<size_t>(place) - digits.size(), '0');
  }
  std::string result = negative ? "-" : "";
  result += place == 0 ? "0" : digits.substr(0, static_cast<size_t>(place));
  std::string decimals = digits.substr(static_cast<size_t>(place));
  decimals.erase(decimals.find_last_not_of('0') + 1);
  if (!decimals.empty()) result += "." + decimals;
  return result;
}

}  // namespace shoumi::inspect
