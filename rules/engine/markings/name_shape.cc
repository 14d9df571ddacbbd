#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/markings/around.h"
#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceName = 88;
constexpr uint8_t kConfidenceGlued = 78;
constexpr size_t kExtensionCharsMax = 5;
constexpr size_t kGluedTitleCharsMax = 40;

// How a word is parted from what stands next to it.
enum class Gap : uint8_t { kEnd, kSpace, kMark, kDigit, kBracket, kGlued };

Gap GapOf(const CodePoint& c) {
  if (c.bytes == 0) {
    return Gap::kEnd;
  }
  if (IsSpace(c.value)) {
    return Gap::kSpace;
  }
  if (c.value >= '0' && c.value <= '9') {
    return Gap::kDigit;
  }
  if (U"【】[]()〔〕〖〗{}"sv.find(c.value) != std::u32string_view::npos) {
    return Gap::kBracket;
  }
  const bool mark =
      IsDash(c.value) || U"_.·•+&#★☆~|,;:，、"sv.find(c.value) != std::u32string_view::npos;
  return mark ? Gap::kMark : Gap::kGlued;
}

bool HasAny(string_view text, std::initializer_list<string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](string_view word) { return text.find(word) != string_view::npos; });
}

// "docx" of 方案.docx; empty when what follows the last dot is no extension.
string_view ExtensionOf(string_view name) {
  const size_t dot = name.find_last_of('.');
  const string_view tail = dot == string_view::npos ? string_view() : name.substr(dot + 1);
  const bool letters = std::all_of(tail.begin(), tail.end(), IsAlnum) &&
                       std::any_of(tail.begin(), tail.end(), IsAlpha);
  return letters && tail.size() <= kExtensionCharsMax ? tail : string_view();
}

// Keys and sources of programs, where SECRET is a value and not a level.
bool IsOfProgram(string_view extension) {
  constexpr std::array<string_view, 16> kKnown = {"pem", "key",  "env", "yaml", "yml", "json",
                                                  "h",   "hpp",  "cc",  "cpp",  "py",  "js",
                                                  "ts",  "java", "go",  "toml"};
  return std::find(kKnown.begin(), kKnown.end(), Lower(extension)) != kKnown.end();
}
// Films, music and novels, whose titles use the words.
bool IsOfMedia(string_view extension) {
  constexpr std::array<string_view, 16> kKnown = {"mp4",  "mkv",  "avi",  "mov", "wmv", "flv",
                                                  "rmvb", "mp3",  "flac", "m4a", "wav", "srt",
                                                  "ass",  "epub", "mobi", "azw3"};
  return std::find(kKnown.begin(), kKnown.end(), Lower(extension)) != kKnown.end();
}

// What a business document calls itself at the end of its title.
bool EndsAsDocument(string_view title) {
  while (!title.empty() &&
         (IsDigit(title.back()) || IsAlpha(title.back()) || title.back() == '.')) {
    title.remove_suffix(1);  // 方案v2, 报价2026
  }
  return EndsWithAny(
      title,
      {"方案",   "报告",   "報告",   "纪要",   "紀要",   "纪录",   "紀錄",   "记录",   "名单",
       "名單",   "清单",   "清單",   "合同",   "合約",   "预算",   "預算",   "决算",   "報價",
       "报价",   "标书",   "标底",   "底价",   "单价",   "规划",   "計畫",   "计划",   "計劃",
       "总结",   "图纸",   "圖紙",   "设计图", "简报",   "请示",   "批复",   "函件",   "汇报",
       "匯報",   "草案",   "台账",   "台帐",   "明细",   "報表",   "表",     "试题",   "试卷",
       "口令",   "密码",   "通讯录", "通訊錄", "计划书", "计画书", "任务书", "建议书", "意向书",
       "报价单", "報價單", "初稿",   "终稿",   "定稿",   "送审稿", "讨论稿"});
}

// How secrets are kept, told apart and lost.
bool IsAboutSecrets(string_view text) {
  return HasAny(text, {"保密", "涉密", "泄密", "泄露", "泄漏", "密级", "定密", "解密", "登记",
                       "借阅", "销毁", "保管", "传递", "知悉"});
}

// The title right behind or before a word makes the two a marking and a title, 绝密 + 并购方案,
// when it is one of a document, neither goes on with the word (机密性, 机密计算, 机密数据) nor is
// about secrets.
bool IsTitleOfDocument(string_view title) {
  return CountCharacters(title) <= kGluedTitleCharsMax && EndsAsDocument(title) &&
         !IsAboutSecrets(title) &&
         !StartsWithAny(title, {"性",   "化",   "计算", "運算", "虚拟机", "容器", "级",
                                "室",   "员",   "电",   "信息", "資訊",   "数据", "数據",
                                "資料", "内容", "载体", "事项", "工作",   "岗位", "人员",
                                "场所", "部位", "的",   "与",   "和",     "及",   "之"});
}

struct Name {
  string_view left;
  string_view right;  // without the extension
  string_view extension;
  bool of_file = false;  // not of a property
};

Shape ChineseName(const Name& name, const LevelWord& word) {
  string_view left = name.left;
  string_view right = name.right;
  const bool names_level = right.starts_with("级");
  bool bare = true;  // nothing that belongs to the word follows: 级, 文件
  for (const string_view suffix : {"级", "文件", "资料", "材料", "档案", "版", "件"}) {
    if (right.starts_with(suffix)) {
      right.remove_prefix(suffix.size());
      bare = false;
    }
  }
  const bool weak = word.level == v1::LEVEL_CONFIDENTIAL;  // 秘密 is an everyday word
  for (const string_view owner : {"内部", "公司", "商业", "核心"}) {
    if (left.ends_with(owner) && !weak) {
      left.remove_suffix(owner.size());
      break;
    }
  }
  const Gap before = GapOf(CharBefore(left, left.size()));
  const Gap after = GapOf(CharAt(right, 0));
  const auto apart = [&](Gap gap) { return gap != Gap::kGlued && !(weak && gap == Gap::kDigit); };
  const size_t to = word.to + (name.right.size() - right.size());
  // 秘密档案.docx is a title, 涉密计算机台账（机密级）.xlsx about things of a level.
  const bool alone = before == Gap::kEnd && after == Gap::kEnd;
  if ((name.of_file && weak && alone) || (names_level && IsAboutSecrets(name.left))) {
    return No();
  }
  if (apart(before) && apart(after)) {
    const bool hard = before == Gap::kBracket || after == Gap::kBracket || before == Gap::kMark ||
                      after == Gap::kMark;
    return hard || !IsOfMedia(name.extension)
               ? Shape{Reject::kNone, kConfidenceName, to, std::nullopt}
               : No();
  }
  if (weak || IsOfMedia(name.extension)) {
    return No();
  }
  if (apart(before) && bare) {
    const string_view title = right.substr(0, right.find_first_of("_-()[] "));
    return IsTitleOfDocument(title) ? Shape{Reject::kNone, kConfidenceGlued, to, std::nullopt}
                                    : No();
  }
  if (apart(after)) {
    const string_view title = left.substr(left.find_last_of("_-()[] ") + 1);
    return IsTitleOfDocument(title) ? Shape{Reject::kNone, kConfidenceGlued, to, std::nullopt}
                                    : No();
  }
  return No();
}

// Capitals say nothing in a name that is written in nothing else.
bool AllInCapitals(const Name& name) {
  const auto other = [](char c) { return IsLower(c) || static_cast<unsigned char>(c) >= 0x80; };
  return std::none_of(name.left.begin(), name.left.end(), other) &&
         std::none_of(name.right.begin(), name.right.end(), other);
}

Shape EnglishName(const Name& name, const LevelWord& word) {
  const string_view left = WithoutQualifiers(name.left);
  const Gap before = GapOf(CharBefore(left, left.size()));
  const Gap after = GapOf(CharAt(name.right, 0));
  if (before == Gap::kGlued || after == Gap::kGlued || EndsWithNot(name.left)) {
    return No();
  }
  const bool bracketed = before == Gap::kBracket && after == Gap::kBracket;
  const bool open_left = before == Gap::kSpace && !EndsWithAny(Trim(left), {"-", "–", "—", ","});
  const bool open_right =
      after == Gap::kSpace && !StartsWithAny(Trim(name.right), {"-", "–", "—", "("});
  const bool parted = !open_left && !open_right;
  const bool secret = word.level == v1::LEVEL_SECRET;
  const Shape yes{Reject::kNone, kConfidenceName, word.to, std::nullopt};
  if (IsOfMedia(name.extension) && before == Gap::kEnd) {
    return No();
  }
  switch (word.letters) {
    case LetterCase::kUpper:
      return parted || (!secret && !AllInCapitals(name)) ? yes : No();
    case LetterCase::kTitle:
      return bracketed || (parted && !(secret && (before == Gap::kMark || after == Gap::kMark)))
                 ? yes
                 : No();
    case LetterCase::kLower:
      // offer - confidential.pdf: at the end, behind a mark.
      return bracketed || (parted && !secret && before != Gap::kEnd && after == Gap::kEnd) ? yes
                                                                                           : No();
    case LetterCase::kNone:
      break;
  }
  return No();
}

}  // namespace

Shape NameShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  Name name{Left(candidate, line, word.from),
            Right(candidate, line, word.to),
            {},
            candidate.kind == v1::PART_KIND_FILE_NAME};
  if (name.of_file) {
    name.extension = ExtensionOf(name.right);
    name.right.remove_suffix(name.extension.empty() ? 0 : name.extension.size() + 1);
  }
  if (NamesOtherLevel(name.left, word) || NamesOtherLevel(name.right, word) ||
      OpensQuote(name.left)) {
    return No();
  }
  if (IsOfProgram(name.extension)) {
    return No(Reject::kContext);
  }
  return word.chinese() ? ChineseName(name, word) : EnglishName(name, word);
}

}  // namespace shoumi::rules
