#include "rules/engine/validators/regions.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

// Prefecture codes of a province: cities 01..city_max, prefectures, leagues and autonomous
// prefectures 21..prefecture_max, and 90 for counties directly below the province.
struct Province {
  uint8_t code;
  uint8_t city_max;
  uint8_t prefecture_max;
};
constexpr std::array<Province, 34> kProvinces = {{
    {11, 3, 0},   {12, 3, 0},   {13, 11, 33}, {14, 11, 31}, {15, 9, 30},  {21, 14, 28},
    {22, 8, 28},  {23, 12, 28}, {31, 3, 0},   {32, 13, 30}, {33, 11, 28}, {34, 18, 30},
    {35, 9, 28},  {36, 11, 31}, {37, 17, 32}, {41, 18, 31}, {42, 13, 31}, {43, 13, 33},
    {44, 20, 53}, {45, 14, 32}, {46, 4, 0},   {50, 3, 0},   {51, 20, 38}, {52, 6, 28},
    {53, 9, 36},  {54, 6, 28},  {61, 10, 28}, {62, 12, 31}, {63, 2, 28},  {64, 5, 24},
    {65, 5, 44},  {71, 99, 0},  {81, 99, 0},  {82, 99, 0},
}};

const Province* Find(std::string_view code) {
  if (code.size() < 2 || !IsDigit(code[0]) || !IsDigit(code[1])) {
    return nullptr;
  }
  const int value = (code[0] - '0') * 10 + (code[1] - '0');
  const auto* found = std::find_if(kProvinces.begin(), kProvinces.end(),
                                   [&](const Province& p) { return p.code == value; });
  return found == kProvinces.end() ? nullptr : found;
}

}  // namespace

bool IsProvince(std::string_view code) {
  return Find(code) != nullptr;
}

bool IsRegion(std::string_view code) {
  if (code.size() < 4 || !IsDigit(code[2]) || !IsDigit(code[3])) {
    return false;
  }
  // 83 is only on residence permits of people from Taiwan.
  if (code.starts_with("8300")) {
    return true;
  }
  const Province* province = Find(code);
  if (province == nullptr) {
    return false;
  }
  const int city = (code[2] - '0') * 10 + (code[3] - '0');
  if (province->city_max == 99) {
    return true;
  }
  return (city >= 1 && city <= province->city_max) ||
         (city >= 21 && city <= province->prefecture_max) || city == 90;
}

}  // namespace shoumi::rules
