#include "rules/engine/markings/around.h"

#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr size_t kStartLines = 6;  // a document marks itself within its first lines

bool EndsApart(string_view left) {
  const CodePoint c = CharBefore(left, left.size());
  return c.bytes == 0 || IsSpace(c.value) || IsDash(c.value) ||
         U"\t|│┃:：;】])〕〗>/·•★_,，"sv.find(c.value) != std::u32string_view::npos;
}
}  // namespace

Shape No(Reject reject) {
  return {reject, 0, 0, std::nullopt};
}

bool StartsWithAny(string_view text, std::initializer_list<string_view> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](string_view item) { return StartsWith(text, item); });
}
bool EndsWithAny(string_view text, std::initializer_list<string_view> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](string_view item) { return EndsWith(text, item); });
}

string_view Left(const Candidate& c, const Line& line, size_t to) {
  return c.text.substr(line.from, to - line.from);
}
string_view Right(const Candidate& c, const Line& line, size_t from) {
  return from >= line.to ? string_view() : c.text.substr(from, line.to - from);
}

bool OpensQuote(string_view left) {
  return EndsWithAny(Trim(left), {"“", "‘", "「", "『", "《", "\"", "'", "”", "〈"});
}

bool GoesOn(string_view right) {
  return StartsWithAny(Trim(right), {"的", "是", "指", "为", "字样", "标志", "标识", "标记", "表示",
                                     "和", "或", "与", "及", "、",   "”",    "’",    "」",   "』",
                                     "》", "\"", "级", "性", "等级", "级别", "事项", "程度"});
}

bool SpeaksOfMarking(string_view left) {
  constexpr std::array<string_view, 19> kWords = {
      "例如", "比如", "如:",  "如：", "格式", "形式", "样式", "标注", "标明", "标识",
      "标志", "字样", "注明", "加盖", "写明", "写成", "表示", "应当", "不得"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](string_view word) { return left.find(word) != string_view::npos; });
}

bool StartsApart(string_view right) {
  const CodePoint c = CharAt(right, 0);
  return c.bytes == 0 || IsSpace(c.value) || IsDash(c.value) ||
         U"\t|│┃;【[(〔〖</·•★☆_,，!！.。"sv.find(c.value) != std::u32string_view::npos;
}

bool LeftIsClear(string_view left) {
  const string_view before = Trim(left);
  if (before.empty()) {
    return true;
  }
  return CountCharacters(before) <= kTitleCharsMax && EndsApart(left) && !HasSentenceMark(before) &&
         !SpeaksOfMarking(before) && !OpensQuote(left);
}

size_t AfterLevelSuffix(string_view text, size_t at) {
  return text.substr(at).starts_with("级") ? at + string_view("级").size() : at;
}

size_t SkipSpaces(string_view text, size_t at) {
  for (CodePoint c = CharAt(text, at); IsSpace(c.value); c = CharAt(text, at)) {
    at += c.bytes;
  }
  return at;
}

size_t LabelLength(string_view left) {
  constexpr std::array<string_view, 16> kChinese = {"密级",     "密 级",    "密  级",   "保密级别",
                                                    "保密等级", "涉密等级", "涉密级别", "安全等级",
                                                    "安全级别", "文件等级", "保密程度", "秘密等级",
                                                    "机密等级", "机密级别", "秘密级别", "密等"};
  for (const string_view label : kChinese) {
    if (EndsWith(left, label)) {
      return label.size();
    }
  }
  constexpr std::array<string_view, 9> kEnglish = {
      "classification",        "security level",       "sensitivity",
      "confidentiality level", "confidentiality",      "protective marking",
      "classified as",         "classification level", "security marking"};
  if (left.empty() || !IsAlpha(left.back())) {
    return 0;
  }
  const std::string lower = Lower(left.substr(left.size() > 32 ? left.size() - 32 : 0));
  for (const string_view label : kEnglish) {
    if (EndsWith(lower, label)) {
      return label.size();
    }
  }
  return 0;
}

bool NearStart(const Candidate& candidate, const Line& line) {
  const bool front = candidate.kind == v1::PART_KIND_BODY ||
                     candidate.kind == v1::PART_KIND_FIRST_PAGE ||
                     candidate.kind == v1::PART_KIND_CELLS;
  const size_t index = LineIndex(candidate, line);
  return front && index != string_view::npos && index < kStartLines;
}

}  // namespace shoumi::rules
