#include "rules/engine/validators/surroundings.h"

#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/text/byte_set.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;

constexpr size_t kUrlBytesMax = 256;
constexpr size_t kLabelBytesMax = 48;

// ASCII words that may touch a number without making it part of a longer word.
constexpr std::array<string_view, 28> kTouchingLabels = {
    "tel",  "mobile", "phone",  "mob",      "cell", "id",         "card",
    "no",   "idno",   "idcard", "passport", "iban", "acct",       "account",
    "bank", "uscc",   "sfz",    "contact",  "cel",  "fax",        "ph",
    "mp",   "visa",   "code",   "jcb",      "amex", "mastercard", "vip"};

constexpr std::array<string_view, 28> kExtensions = {
    "jpg", "jpeg", "png", "gif",  "bmp", "webp", "svg", "pdf", "doc", "docx",
    "xls", "xlsx", "ppt", "pptx", "txt", "csv",  "zip", "rar", "7z",  "html",
    "htm", "php",  "log", "json", "xml", "mp4",  "mp3", "dat"};

constexpr std::array<string_view, 14> kUrlKeys = {"phone", "mobile", "tel",  "idcard",  "id_card",
                                                  "idno",  "card",   "cert", "account", "acct",
                                                  "sfz",   "iban",   "uscc", "passport"};

// Names of numbers that are nobody's identifier, as labels end with them.
constexpr std::array<string_view, 62> kOtherLabels = {
    "单号",     "订单",    "流水号", "流水",    "编号",    "序列号", "序号",      "批号",
    "批次号",   "批次",    "条码",   "条形码",  "快递",    "物流",   "发票号码",  "发票号",
    "发票代码", "合同号",  "交易号", "商户号",  "设备号",  "机器码", "追踪码",    "版本",
    "版本号",   "时间戳",  "工单",   "票号",    "货号",    "料号",   "型号",      "文号",
    "备案号",   "串号",    "设备码", "校验码",  "哈希",    "请求号", "凭证号",    "防伪码",
    "order",    "serial",  "s/n",    "imei",    "meid",    "iccid",  "timestamp", "uuid",
    "guid",     "hash",    "md5",    "version", "batch",   "sku",    "isbn",      "barcode",
    "tracking", "invoice", "ticket", "trace",   "request", "session"};
constexpr std::array<string_view, 12> kOtherWords = {"sn",  "ts",  "seq", "lot", "ean", "upc",
                                                     "ref", "uid", "pid", "txn", "msg", "build"};
// 证件编号 and the like are labels of identifiers after all.
constexpr std::array<string_view, 9> kIdentifierNouns = {"证",   "照",   "证件", "账户", "帐户",
                                                         "手机", "电话", "卡",   "身份"};
// Endings that a label may carry after its noun.
constexpr std::array<string_view, 8> kLabelEndings = {"_id",     "id",      "_no",  "no",
                                                      " number", "_number", "号码", "号"};

constexpr std::array<string_view, 22> kUnits = {
    "元", "万", "亿", "美元", "港元", "吨", "公斤", "千克", "台",   "套", "股",
    "件", "个", "次", "字节", "毫秒", "秒", "米",   "平",   "立方", "%",  "倍"};

bool IsAscii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

constexpr ByteSet kUnitStarts = [] {
  ByteSet starts("");
  for (const string_view unit : kUnits) starts.Add(unit.front());
  return starts;
}();

std::string Lower(string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  return lower;
}

template <typename List>
bool Holds(const List& list, string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

template <typename List>
bool EndsWithAny(string_view text, const List& list) {
  return std::any_of(list.begin(), list.end(), [&](string_view w) { return EndsWith(text, w); });
}

// Letters that end at `at`, lower case; `start` is where they begin.
std::string WordBefore(string_view text, size_t at, size_t* start) {
  size_t from = at;
  while (from > 0 && at - from < 16 && IsAlpha(text[from - 1])) {
    --from;
  }
  *start = from;
  return Lower(text.substr(from, at - from));
}

// Letters and digits that start at `at`.
string_view WordAfter(string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 15 && IsAlnum(text[end])) {
    ++end;
  }
  return text.substr(at, end - at);
}

// What follows the last line end.
string_view OnItsLine(string_view before) {
  size_t start = before.size();
  while (start > 0 && before[start - 1] != '\n' && before[start - 1] != '\r') {
    --start;
  }
  return before.substr(start);
}

bool TouchesLabel(string_view text, size_t at) {
  size_t start = 0;
  const std::string word = WordBefore(text, at, &start);
  const bool whole = start == 0 || (!IsDigit(text[start - 1]) && !IsAlpha(text[start - 1]));
  return whole && Holds(kTouchingLabels, word);
}

constexpr ByteSet kUrlMarks(":/?#[]@!$&*+=%._~-");

bool IsUrlChar(char c) {
  return IsAlnum(c) || kUrlMarks.Holds(c);
}

// Inside a URL, except as the value of a parameter that says it is an identifier.
bool InUrl(string_view text, size_t from) {
  size_t start = from;
  while (start > 0 && from - start < kUrlBytesMax && IsUrlChar(text[start - 1])) {
    --start;
  }
  const string_view token = text.substr(start, from - start);
  if (token.find("://") == string_view::npos && !token.starts_with("www.")) {
    return false;
  }
  const size_t key = token.find_last_of("?&");
  if (key == string_view::npos || !token.ends_with('=')) {
    return true;
  }
  const std::string name = Lower(token.substr(key + 1));
  return std::none_of(kUrlKeys.begin(), kUrlKeys.end(),
                      [&](string_view k) { return name.find(k) != std::string::npos; });
}

// After '_': fine in file names and next to Chinese words, an identifier of code elsewhere.
bool UnderscoreJoins(const Candidate& candidate, char beyond) {
  return candidate.kind != v1::PART_KIND_FILE_NAME && IsAlnum(beyond);
}

bool JoinedBefore(const Candidate& candidate, size_t from) {
  const string_view text = candidate.text;
  if (from == 0) {
    return false;
  }
  const char c = text[from - 1];
  const char beyond = from > 1 ? text[from - 2] : ' ';
  if (IsAlnum(c)) {
    return IsDigit(c) || !TouchesLabel(text, from);
  }
  switch (c) {
    case '_':
      return UnderscoreJoins(candidate, beyond) && !TouchesLabel(text, from - 1);
    case '-':
    case '/':
    case '.':
    case '+':
      return IsAlpha(beyond) && !TouchesLabel(text, from - 1);
    case '$':
      return true;
    case '%':
    case '\\':
    case '~':
      return IsAlnum(beyond);
    default:
      return !IsAscii(c) &&
             (text.substr(0, from).ends_with("¥") || text.substr(0, from).ends_with("€") ||
              text.substr(0, from).ends_with("£") || text.substr(0, from).ends_with("￥"));
  }
}

bool JoinedAfter(const Candidate& candidate, size_t to) {
  const string_view text = candidate.text;
  if (to >= text.size()) {
    return false;
  }
  const char c = text[to];
  const char beyond = to + 1 < text.size() ? text[to + 1] : ' ';
  switch (c) {
    case '_':
      return UnderscoreJoins(candidate, beyond);
    case '-': {
      const string_view word = WordAfter(text, to + 1);
      return std::any_of(word.begin(), word.end(), IsAlpha) &&
             std::any_of(word.begin(), word.end(), IsDigit);
    }
    case '.':
      return IsDigit(beyond) || (candidate.kind != v1::PART_KIND_FILE_NAME &&
                                 Holds(kExtensions, Lower(WordAfter(text, to + 1))));
    case '/':
    case '+':
    case '\\':
      return IsAlpha(beyond);
    case '=':
    case '%':
      return true;
    default:
      return IsAlnum(c);
  }
}

constexpr ByteSet kLabelFillers(" :=\"'([#-.\t>");
constexpr std::array<string_view, 5> kHanFillers = {"：", "（", "【", "是", "为"};

// Last bytes of all that LabelledOtherwise() looks for: most of what stands before a number ends in
// another, and the lists are long.
constexpr ByteSet kLabelEnds = [] {
  ByteSet ends("");
  for (const string_view word : kOtherLabels) ends.Add(word.back());
  for (const string_view word : kOtherWords) ends.Add(word.back());
  for (const string_view word : kLabelEndings) ends.Add(word.back());
  return ends;
}();

// The words right before `from` on its line, without the punctuation between.
string_view LabelBefore(string_view text, size_t from) {
  size_t start = from > kLabelBytesMax ? from - kLabelBytesMax : 0;
  start = CharFloor(text, start);
  string_view label = OnItsLine(text.substr(start, from - start));
  while (!label.empty()) {
    if (kLabelFillers.Holds(label.back())) {
      label.remove_suffix(1);
    } else if (!IsAscii(label.back()) && EndsWithAny(label, kHanFillers)) {
      label.remove_suffix(kHanFillers[0].size());
    } else {
      break;
    }
  }
  return label;
}

}  // namespace

bool StandsAlone(const Candidate& candidate, size_t from, size_t to) {
  return !JoinedBefore(candidate, from) && !JoinedAfter(candidate, to) &&
         !InUrl(candidate.text, from);
}

bool LabelledOtherwise(string_view text, size_t from) {
  // Most of what stands before a number is no label, and its last byte says so.
  if (from == 0 || (IsAscii(text[from - 1]) && !kLabelFillers.Holds(text[from - 1]) &&
                    !kLabelEnds.Holds(ToLower(text[from - 1])))) {
    return false;
  }
  const string_view before = LabelBefore(text, from);
  if (before.empty() || !kLabelEnds.Holds(ToLower(before.back()))) {
    return false;
  }
  const std::string whole = Lower(before);
  const string_view label = whole;
  const auto other = [](string_view noun) {
    for (const string_view word : kOtherLabels) {
      if (EndsWith(noun, word)) {
        return !EndsWithAny(noun.substr(0, noun.size() - word.size()), kIdentifierNouns);
      }
    }
    size_t start = 0;
    const std::string last = WordBefore(noun, noun.size(), &start);
    return Holds(kOtherWords, last);
  };
  if (other(label)) {
    return true;
  }
  for (const string_view ending : kLabelEndings) {
    if (label.ends_with(ending)) {
      string_view noun = label.substr(0, label.size() - ending.size());
      while (!noun.empty() && (noun.back() == ' ' || noun.back() == '.')) {
        noun.remove_suffix(1);
      }
      if (other(noun)) {
        return true;
      }
    }
  }
  return false;
}

bool IsAmount(string_view text, size_t from, size_t to) {
  if (to < text.size() && text[to] == ' ') {
    ++to;
  }
  const string_view after = text.substr(std::min(to, text.size()));
  if (!after.empty() && !kUnitStarts.Holds(after.front()) && (from == 0 || text[from - 1] != ' ')) {
    return false;
  }
  const string_view before = text.substr(0, from);
  return std::any_of(kUnits.begin(), kUnits.end(),
                     [&](string_view unit) { return StartsWith(after, unit); }) ||
         before.ends_with("¥ ") || before.ends_with("$ ");
}

bool SaidBefore(string_view text, size_t from, size_t bytes_max, const WordsBefore& words) {
  const size_t start = CharFloor(text, from > bytes_max ? from - bytes_max : 0);
  string_view line = OnItsLine(text.substr(start, from - start));
  const auto here = [&](string_view word) {
    return line.size() >= word.size() && std::equal(word.begin(), word.end(), line.begin(),
                                                    [](char a, char b) { return a == ToLower(b); });
  };
  for (; !line.empty(); line.remove_prefix(1)) {
    if (words.starts.Holds(line.front()) &&
        std::any_of(words.words.begin(), words.words.end(), here)) {
      return true;
    }
  }
  return false;
}

bool IsMonotone(string_view value) {
  return !value.empty() && value.find_first_not_of(value.front()) == string_view::npos;
}

Judgement Rejected(Reject reject) {
  Judgement judgement;
  judgement.reject = reject;
  return judgement;
}

}  // namespace shoumi::rules
