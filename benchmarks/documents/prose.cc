#include "benchmarks/documents/prose.h"

#include <algorithm>
#include <cmath>

#include "rules/documents/units.h"

namespace shoumi::benchmarks {
namespace {

constexpr size_t kWords = 3000;

std::string Utf8(uint32_t c) {
  std::string text;
  text += static_cast<char>(0xE0 | c >> 12);
  text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
  text += static_cast<char>(0x80 | (c & 0x3F));
  return text;
}

// Words of one to three Han characters, or of three to nine letters.
std::vector<std::string> Vocabulary(bool english) {
  std::mt19937_64 random(english ? 5 : 6);
  std::vector<std::string> words;
  for (size_t i = 0; i < kWords; ++i) {
    std::string word;
    if (english) {
      for (size_t size = 3 + random() % 7; size > 0; --size) {
        word += static_cast<char>('a' + random() % 26);
      }
    } else {
      for (size_t size = 1 + random() % 3; size > 0; --size) {
        word += Utf8(0x4E00 + static_cast<uint32_t>(random() % 2500));
      }
    }
    words.push_back(word);
  }
  return words;
}

const std::string& Word(bool english, std::mt19937_64& random) {
  static const std::vector<std::string> kChinese = Vocabulary(false);
  static const std::vector<std::string> kEnglish = Vocabulary(true);
  // Zipf's law, by inversion of its continuous form.
  const double uniform = std::uniform_real_distribution<double>(0, 1)(random);
  const auto rank = static_cast<size_t>(std::pow(double{kWords}, uniform)) - 1;
  return (english ? kEnglish : kChinese)[std::min(rank, kWords - 1)];
}

}  // namespace

std::string Prose(uint64_t seed, size_t units, bool english) {
  std::mt19937_64 random(seed);
  std::string text;
  for (size_t so_far = 0; so_far < units;) {
    for (size_t words = 6 + random() % 12; words > 0; --words) {
      const std::string& word = Word(english, random);
      if (english && !text.empty() && text.back() != '\n') text += ' ';
      text += word;
      so_far += english ? 1 : word.size() / 3;
    }
    text += english ? "." : "。";
    if (random() % 4 == 0) text += '\n';
  }
  return text;
}

std::vector<std::string> UnitsOf(const std::string& text) {
  std::vector<std::string> units;
  documents::UnitReader reader;
  const auto add = [&](const documents::Unit& unit) {
    units.push_back(text.substr(unit.from, unit.to - unit.from));
  };
  reader.Read(text, add);
  reader.EndPart(add);
  return units;
}

std::string Edited(const std::vector<std::string>& units, size_t one_in, std::mt19937_64& random) {
  const bool english = !units.empty() && static_cast<unsigned char>(units[0][0]) < 0x80;
  std::string text;
  const auto add = [&](const std::string& unit) {
    if (english) text += ' ';
    text += unit;
    if (random() % 25 == 0) text += english ? ",\n" : "，\n";
  };
  for (const std::string& unit : units) {
    const bool edits = one_in > 0 && random() % one_in == 0;
    const uint64_t how = random() % 3;
    if (!edits || how == 2) add(unit);
    if (edits && how > 0) add(Word(english, random));
  }
  return text;
}

}  // namespace shoumi::benchmarks
