#include "rules/engine/markings/marking.h"

#include <string>
#include <utility>
#include <vector>

#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/level_word.h"
#include "rules/engine/markings/line.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/markings/term.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

// The file's own name, without folders; of a property the value: "Title: 绝密-投标方案".
Line OwnLine(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const std::string_view left = candidate.text.substr(line.from, word.from - line.from);
  Line own = line;
  if (candidate.kind == v1::PART_KIND_FILE_NAME) {
    own.from += left.find_last_of("/\\") + 1;
  } else if (const size_t colon = left.rfind(": "); colon != std::string_view::npos) {
    own.from += colon + 2;
  }
  return own;
}

Shape Judge(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const bool name = candidate.kind == v1::PART_KIND_FILE_NAME;
  const Line own = name ? OwnLine(candidate, word, line) : line;
  for (const auto& shape_of : {StarShape, LabelShape}) {
    Shape shape = shape_of(candidate, word, own);
    if (shape.reject != Reject::kShape) {
      return shape;
    }
  }
  if (name) {
    return NameShape(candidate, word, own);
  }
  if (candidate.kind == v1::PART_KIND_PROPERTY) {
    return NameShape(candidate, word, OwnLine(candidate, word, line));
  }
  Shape shape = BracketShape(candidate, word, line);
  if (shape.reject != Reject::kShape) {
    return shape;
  }
  return BannerShape(candidate, word, line);
}

// Names, properties and watermarks have forms of their own.
bool InRunningText(v1::PartKind kind) {
  return kind != v1::PART_KIND_FILE_NAME && kind != v1::PART_KIND_PROPERTY &&
         kind != v1::PART_KIND_WATERMARK;
}

// What the validator may read around the marking.
std::string_view Around(const Candidate& candidate, size_t from, size_t to) {
  const std::string_view text = candidate.text;
  const size_t low =
      CharFloor(text, from > kValidatorLookBytesMax ? from - kValidatorLookBytesMax : 0);
  const size_t high = CharFloor(text, std::min(text.size(), to + kValidatorLookBytesMax));
  return text.substr(low, high - low);
}

// 保密期限：10年 next to a level without a star.
std::optional<Term> TermByLabel(std::string_view around) {
  for (const std::string_view label : {"保密期限", "保密年限", "解密日期", "解密时间"}) {
    const size_t at = around.find(label);
    if (at == std::string_view::npos) {
      continue;
    }
    std::string_view rest = around.substr(at + label.size());
    while (!rest.empty()) {
      const CodePoint c = CharAt(rest, 0);
      if (!IsSpace(c.value) && c.value != ':' && c.value != U'：' && c.value != '\t') {
        break;
      }
      rest.remove_prefix(c.bytes);
    }
    if (auto term = ReadTerm(rest)) {
      term->before = term->before || label.starts_with("解密");
      return term;
    }
  }
  return std::nullopt;
}

// 已解密, 已于2021年5月解密, DECLASSIFIED 2019-05-01: a stamp, alone on its line.
bool IsDeclassifiedStamp(std::string_view line) {
  constexpr size_t kStampCharsMax = 24;
  constexpr std::string_view kEnglish = "DECLASSIFIED";
  if (line.starts_with(kEnglish)) {
    const std::string_view rest = Trim(line.substr(kEnglish.size()));
    return rest.empty() || !IsAlpha(rest[0]) || rest.starts_with("BY ") || rest.starts_with("ON ");
  }
  return line.starts_with("已") && line.ends_with("解密") &&
         CountCharacters(line) <= kStampCharsMax;
}

// 机密★10年（已解密）, 已解密 机密, or a stamp on the line above or below.
bool SaysDeclassified(const Candidate& candidate, const Line& line, size_t to) {
  const std::string_view right =
      to < line.to ? candidate.text.substr(to, line.to - to) : std::string_view();
  const std::string_view left = candidate.text.substr(line.from, to - line.from);
  const size_t stamp = right.find("已");
  const size_t end = right.find("解密", stamp == std::string_view::npos ? right.size() : stamp);
  if (end != std::string_view::npos &&
      IsDeclassifiedStamp(right.substr(stamp, end - stamp + std::string_view("解密").size()))) {
    return true;
  }
  if (IsDeclassifiedStamp(left.substr(0, left.find_first_of(" ([")))) {
    return true;
  }
  const auto stamped = [](const std::vector<std::string_view>& lines) {
    return !lines.empty() && IsDeclassifiedStamp(lines[0]);
  };
  return stamped(LinesBefore(candidate, line, 1)) || stamped(LinesAfter(candidate, line, 1));
}

}  // namespace

Judgement ValidateMarking(const Candidate& candidate) {
  Judgement judgement;
  const LevelWord word = FindLevelWord(candidate.text, candidate.from, candidate.to);
  if (!word.found()) {
    judgement.reject = Reject::kShape;
    return judgement;
  }
  if (InRunningText(candidate.kind) && word.chinese() && TouchesProse(candidate.text, word)) {
    judgement.reject = Reject::kProse;
    return judgement;
  }
  const Line line = LineAt(candidate, word.from, word.to);
  Shape shape = Judge(candidate, word, line);
  if (shape.reject != Reject::kNone) {
    judgement.reject = shape.reject == Reject::kShape ? Reject::kProse : shape.reject;
    return judgement;
  }
  const std::string_view around = Around(candidate, word.from, shape.to);
  if (!shape.term) {
    shape.term = TermByLabel(around);
  }
  v1::Marking marking;
  marking.set_level(word.level);
  judgement.value = Canonical(word);
  if (shape.term) {
    marking.set_term(shape.term->text);
    judgement.value += "★" + shape.term->text;
    const End end = EndOf(*shape.term, FindIssueDate(around), candidate.today);
    if (end.date) {
      marking.set_declassify_date(FormatIso(*end.date));
    }
    marking.set_expired(end.expired);
  }
  if (SaysDeclassified(candidate, line, shape.to)) {
    marking.set_expired(true);
  }
  judgement.from = word.from;
  judgement.to = shape.to;
  judgement.confidence = shape.confidence;
  judgement.marking = std::move(marking);
  return judgement;
}

}  // namespace shoumi::rules
