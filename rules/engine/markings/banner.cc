#include "rules/engine/markings/banner.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "rules/engine/markings/line.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using namespace std::literals::string_view_literals;

enum class Kind : uint8_t {
  kOwner,     // 公司, 内部
  kThing,     // 文件
  kContents,  // 信息: names a topic as well; only with a handling rule
  kHandling,  // 严禁外传
  kNeutral,
};

struct Entry {
  std::string_view word;
  Kind kind;
};

// Longest first within a common beginning.
constexpr std::array<Entry, 85> kChinese = {{
    {"仅限内部使用", Kind::kHandling},
    {"仅供内部使用", Kind::kHandling},
    {"仅限内部传阅", Kind::kHandling},
    {"仅供内部传阅", Kind::kHandling},
    {"限内部使用", Kind::kHandling},
    {"内部使用", Kind::kHandling},
    {"内部资料", Kind::kThing},
    {"内部文件", Kind::kThing},
    {"本公司", Kind::kOwner},
    {"公司", Kind::kOwner},
    {"企业", Kind::kOwner},
    {"集团", Kind::kOwner},
    {"商业", Kind::kOwner},
    {"内部", Kind::kNeutral},
    {"高度", Kind::kNeutral},
    {"核心", Kind::kNeutral},
    {"重要", Kind::kNeutral},
    {"特急", Kind::kNeutral},
    {"加急", Kind::kNeutral},
    {"平急", Kind::kNeutral},
    {"急件", Kind::kNeutral},
    {"级", Kind::kNeutral},
    {"件", Kind::kThing},
    {"文件", Kind::kThing},
    {"文档", Kind::kThing},
    {"资料", Kind::kThing},
    {"材料", Kind::kThing},
    {"档案", Kind::kThing},
    {"图纸", Kind::kThing},
    {"方案", Kind::kThing},
    {"报告", Kind::kThing},
    {"信息", Kind::kContents},
    {"数据", Kind::kContents},
    {"内容", Kind::kContents},
    {"严禁", Kind::kHandling},
    {"禁止", Kind::kHandling},
    {"不得", Kind::kHandling},
    {"请勿", Kind::kHandling},
    {"切勿", Kind::kHandling},
    {"勿", Kind::kHandling},
    {"不准", Kind::kHandling},
    {"不可", Kind::kHandling},
    {"擅自", Kind::kNeutral},
    {"对外", Kind::kNeutral},
    {"向外", Kind::kNeutral},
    {"外传", Kind::kHandling},
    {"外泄", Kind::kHandling},
    {"外借", Kind::kHandling},
    {"泄露", Kind::kHandling},
    {"泄漏", Kind::kHandling},
    {"复制", Kind::kHandling},
    {"复印", Kind::kHandling},
    {"翻印", Kind::kHandling},
    {"转发", Kind::kHandling},
    {"转载", Kind::kHandling},
    {"传播", Kind::kHandling},
    {"传阅", Kind::kHandling},
    {"扩散", Kind::kHandling},
    {"拍照", Kind::kHandling},
    {"拍摄", Kind::kHandling},
    {"摘抄", Kind::kHandling},
    {"公开", Kind::kHandling},
    {"提供", Kind::kHandling},
    {"注意保密", Kind::kHandling},
    {"注意保管", Kind::kHandling},
    {"妥善保管", Kind::kHandling},
    {"严格保密", Kind::kHandling},
    {"请", Kind::kNeutral},
    {"阅后即焚", Kind::kHandling},
    {"阅后收回", Kind::kHandling},
    {"会后收回", Kind::kHandling},
    {"用后收回", Kind::kHandling},
    {"阅后销毁", Kind::kHandling},
    {"注意回收", Kind::kHandling},
    {"违者必究", Kind::kHandling},
    {"未经许可", Kind::kHandling},
    {"未经授权", Kind::kHandling},
    {"未经批准", Kind::kHandling},
    {"未经允许", Kind::kHandling},
    {"专人保管", Kind::kHandling},
    {"第", Kind::kNeutral},
    {"共", Kind::kNeutral},
    {"页", Kind::kNeutral},
    {"或", Kind::kNeutral},
    {"版权所有", Kind::kNeutral},
}};

constexpr std::array<Entry, 47> kEnglish = {{
    {"strictly", Kind::kNeutral},
    {"highly", Kind::kNeutral},
    {"private", Kind::kNeutral},
    {"and", Kind::kNeutral},
    {"company", Kind::kNeutral},
    {"corporate", Kind::kNeutral},
    {"business", Kind::kNeutral},
    {"commercial", Kind::kNeutral},
    {"internal", Kind::kHandling},
    {"use", Kind::kNeutral},
    {"only", Kind::kHandling},
    {"proprietary", Kind::kHandling},
    {"information", Kind::kContents},
    {"classified", Kind::kNeutral},
    {"do", Kind::kNeutral},
    {"not", Kind::kHandling},
    {"distribute", Kind::kHandling},
    {"copy", Kind::kHandling},
    {"forward", Kind::kHandling},
    {"for", Kind::kNeutral},
    {"distribution", Kind::kHandling},
    {"disclose", Kind::kHandling},
    {"or", Kind::kNeutral},
    {"document", Kind::kThing},
    {"draft", Kind::kNeutral},
    {"official", Kind::kNeutral},
    {"eyes", Kind::kNeutral},
    {"noforn", Kind::kHandling},
    {"page", Kind::kNeutral},
    {"of", Kind::kNeutral},
    {"restricted", Kind::kNeutral},
    {"release", Kind::kHandling},
    {"external", Kind::kNeutral},
    {"client", Kind::kNeutral},
    {"personal", Kind::kNeutral},
    {"level", Kind::kNeutral},
    {"in", Kind::kNeutral},
    {"confidence", Kind::kNeutral},
    {"addressee", Kind::kNeutral},
    {"addressees", Kind::kNeutral},
    {"recipient", Kind::kNeutral},
    {"recipients", Kind::kNeutral},
    {"named", Kind::kNeutral},
    {"management", Kind::kNeutral},
    {"all", Kind::kNeutral},
    {"rights", Kind::kNeutral},
    {"reserved", Kind::kNeutral},
}};

struct Reading {
  bool pure = true;
  Kind last = Kind::kNeutral;  // of the word read last, when nothing followed it
  bool owner = false;
  bool contents = false;
  bool handling = false;
};

void Note(Kind kind, Reading* reading) {
  reading->last = kind;
  reading->owner = reading->owner || kind == Kind::kOwner;
  reading->contents = reading->contents || kind == Kind::kContents;
  reading->handling = reading->handling || kind == Kind::kHandling;
}

// Bytes of one Chinese banner word at the start of `text`; 0 when it starts with none.
size_t TakeChinese(std::string_view text, Reading* reading) {
  const Entry* best = nullptr;
  for (const Entry& entry : kChinese) {
    if (StartsWith(text, entry.word) &&
        (best == nullptr || entry.word.size() > best->word.size())) {
      best = &entry;
    }
  }
  if (best == nullptr) {
    return 0;
  }
  Note(best->kind, reading);
  return best->word.size();
}

size_t TakeEnglish(std::string_view text, Reading* reading) {
  std::string word;
  while (word.size() < text.size() && IsAlpha(text[word.size()])) {
    word += ToLower(text[word.size()]);
  }
  for (const Entry& entry : kEnglish) {
    if (entry.word == word) {
      Note(entry.kind, reading);
      return word.size();
    }
  }
  return 0;
}

void Read(std::string_view text, const LevelWord& word, Reading* reading) {
  size_t at = 0;
  while (at < text.size() && reading->pure) {
    const CodePoint c = CharAt(text, at);
    const LevelWord again = ReadLevelWord(text, at);
    if (again.found()) {
      reading->pure = again.level == word.level || again.chinese() != word.chinese();
      at = again.to;
    } else if (IsHan(c.value)) {
      const size_t taken = TakeChinese(text.substr(at), reading);
      reading->pure = taken > 0;
      at += taken;
    } else if (c.bytes == 1 && IsAlpha(text[at])) {
      const size_t taken = TakeEnglish(text.substr(at), reading);
      reading->pure = taken > 0;
      at += taken;
    } else if (text.substr(at).starts_with("===")) {  // a ruled line
      at = std::min(text.find_first_not_of('=', at), text.size());
    } else {
      reading->last = Kind::kNeutral;
      // Quotes speak of the word; the others are of programs: ${SECRET}, KEY=SECRET.
      reading->pure = U"=?“\"${"sv.find(c.value) == std::u32string_view::npos;
      at += c.bytes;
    }
  }
}

// The statement that a document makes of itself, 本文件为…; its length in bytes or 0.
size_t SelfStatementLength(std::string_view text) {
  size_t at = 0;
  const auto take = [&](std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
      if (text.substr(at).starts_with(word)) {
        at += word.size();
        return true;
      }
    }
    return false;
  };
  const bool states = take({"本", "此"}) &&
                      take({"文件", "文档", "资料", "材料", "报告", "方案", "图纸", "件"}) &&
                      take({"属于", "属", "为", "系", "是"});
  return states ? at : 0;
}
bool EndsWithSelfStatement(std::string_view text) {
  constexpr size_t kBytesMax = 15;  // five characters
  for (size_t back = std::min(kBytesMax, text.size()); back > 0; --back) {
    if (SelfStatementLength(text.substr(text.size() - back)) == back) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view WithoutQualifiers(std::string_view left) {
  constexpr std::array<std::string_view, 10> kQualifiers = {
      "strictly",  "highly",   "private",    "and",     "&",
      "corporate", "business", "commercial", "company", "internal"};
  while (true) {
    const std::string_view before = Trim(left);
    size_t start = before.size();
    while (start > 0 && (IsAlpha(before[start - 1]) || before[start - 1] == '&')) {
      --start;
    }
    const std::string last = Lower(before.substr(start));
    if (std::find(kQualifiers.begin(), kQualifiers.end(), last) == kQualifiers.end()) {
      return left;
    }
    left = left.substr(0, static_cast<size_t>(before.data() - left.data()) + start);
  }
}

bool EndsWithNot(std::string_view left) {
  while (!left.empty() && (left.back() == ' ' || left.back() == '-' || left.back() == '_')) {
    left.remove_suffix(1);
  }
  size_t start = left.size();
  while (start > 0 && IsAlpha(left[start - 1])) {
    --start;
  }
  const std::string last = Lower(left.substr(start));
  return last == "not" || last == "non";
}

bool TouchesProse(std::string_view text, const LevelWord& word) {
  // The last characters of labels (密级, 保密级别, 保密程度) and of level words.
  constexpr std::array<std::string_view, 4> kOtherEnds = {"级", "别", "度", "密"};
  constexpr size_t kHanBytes = 3;
  Reading ignored;
  if (IsHan(CharAt(text, word.to).value) && !ReadLevelWord(text, word.to).found() &&
      TakeChinese(text.substr(word.to), &ignored) == 0) {
    return true;
  }
  if (!IsHan(CharBefore(text, word.from).value)) {
    return false;
  }
  const std::string_view before = text.substr(0, word.from);
  const auto ends = [&](std::string_view end) { return EndsWith(before, end); };
  return !EndsWithSelfStatement(before) &&
         std::none_of(kOtherEnds.begin(), kOtherEnds.end(), ends) &&
         std::none_of(kChinese.begin(), kChinese.end(), [&](const Entry& entry) {
           return ends(entry.word.substr(entry.word.size() - kHanBytes));
         });
}

bool IsBanner(std::string_view left, const LevelWord& word, std::string_view right) {
  Reading reading;
  std::string_view before = Trim(left);
  const std::string_view after = Trim(right);
  const size_t statement = SelfStatementLength(before);
  before.remove_prefix(statement);
  // "机密:" opens a definition; "1.机密" is a heading in a list.
  if (after.starts_with(':') ||
      (NumberingLength(before) == before.size() && !before.empty() && before != "*" &&
       before != "-" && before != "●" && before != "■" && before != "◆")) {
    return false;
  }
  Read(before, word, &reading);
  // 不得复制绝密级资料: the word is the object of the rule, not the rule of the document.
  if (word.chinese() && reading.last == Kind::kHandling && left.ends_with(before)) {
    return false;
  }
  if (!word.chinese() && EndsWithNot(before)) {
    return false;
  }
  Read(after, word, &reading);
  if (!reading.pure) {
    return false;
  }
  // 公司秘密 and 商业秘密 are topics; 公司机密 is what a stamp says.
  if (word.chinese() && word.level == v1::LEVEL_CONFIDENTIAL && reading.owner && statement == 0) {
    return false;
  }
  if (reading.contents && !reading.handling) {
    return false;
  }
  return !after.ends_with("。") || reading.handling;
}

}  // namespace shoumi::rules
