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

Shape Judge(const Candidate& candidate, const LevelWord& word, const Line& line) {
  Shape shape = StarShape(candidate, word, line);
  if (shape.reject != Reject::kShape) {
    return shape;
  }
  if (candidate.kind == v1::PART_KIND_FILE_NAME) {
    return NameShape(candidate, word, line);
  }
  shape = LabelShape(candidate, word, line);
  if (shape.reject != Reject::kShape) {
    return shape;
  }
  if (candidate.kind == v1::PART_KIND_PROPERTY) {
    // "Title: 绝密-投标方案": the value follows the rules of names.
    Line value = line;
    const std::string_view text = candidate.text.substr(line.from, word.from - line.from);
    const size_t colon = text.rfind(": ");
    value.from += colon == std::string_view::npos ? 0 : colon + 2;
    return NameShape(candidate, word, value);
  }
  shape = BracketShape(candidate, word, line);
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

// 机密★10年（已解密）, or a stamp on the line above or below.
bool SaysDeclassified(const Candidate& candidate, const Line& line, size_t to) {
  const std::string_view right =
      to < line.to ? candidate.text.substr(to, line.to - to) : std::string_view();
  if (right.find("已解密") != std::string_view::npos) {
    return true;
  }
  const auto stamp = [](const std::vector<std::string_view>& lines) {
    return !lines.empty() && (lines[0] == "已解密" || lines[0] == "DECLASSIFIED");
  };
  return stamp(LinesBefore(candidate, line, 1)) || stamp(LinesAfter(candidate, line, 1));
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
