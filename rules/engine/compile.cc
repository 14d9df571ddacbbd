#include <malloc.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/ordinary_text.h"
#include "rules/engine/text/utf8.h"
#include "rules/engine/yaml_map.h"

namespace shoumi::rules {
namespace {

unsigned FlagsOf(const Pattern& pattern) {
  return HS_FLAG_DOTALL | (pattern.caseless ? HS_FLAG_CASELESS : 0U);
}

// What Hyperscan would take and this engine does not.
std::optional<std::string> Refusal(std::string_view regex) {
  bool in_class = false;
  for (size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\0') return "a zero byte";
    if (static_cast<unsigned char>(c) >= 0x80 && in_class) {
      return "a character outside ASCII inside [...]: write (?:甲|乙) instead";
    }
    if (c == '\\' && i + 1 < regex.size()) {
      const char next = regex[++i];
      if (next == 'b' || next == 'B') return "\\b: the validator checks boundaries";
      continue;
    }
    if (c == '[' && !in_class) {
      in_class = true;
      if (i + 1 < regex.size() && regex[i + 1] == '^') ++i;
      if (i + 1 < regex.size() && regex[i + 1] == ']') ++i;
    } else if (c == ']') {
      in_class = false;
    }
  }
  return std::nullopt;
}

class RuleCompiler {
 public:
  RuleCompiler(std::vector<Detector> detectors, std::vector<v1::PackProblem>& problems)
      : rules_(std::make_unique<CompiledRules>()), problems_(problems) {
    rules_->detectors = std::move(detectors);
    std::sort(rules_->detectors.begin(), rules_->detectors.end(),
              [](const Detector& a, const Detector& b) { return a.id < b.id; });
  }

  std::unique_ptr<CompiledRules> Run() {
    for (uint32_t i = 0; i < rules_->detectors.size(); ++i) {
      AddPatterns(i);
      AddTerms(i);
      AddWords(i, rules_->detectors[i].keywords, 2 * i);
      AddWords(i, rules_->detectors[i].against, 2 * i + 1);
    }
    rules_->list_count = static_cast<uint32_t>(2 * rules_->detectors.size());
    if (failed_) return nullptr;
    const bool without_text =
        std::any_of(rules_->detectors.begin(), rules_->detectors.end(), [](const Detector& d) {
          return d.is_of_rows() || d.is_of_documents() || d.name_contradicts;
        });
    if (expressions_.empty() && !without_text) {
      Error("packs", "P115", 0, "the packs have no expressions and no terms");
      return nullptr;
    }
    if (!expressions_.empty()) rules_->patterns = CompileAll(expressions_);
    if (!word_expressions_.empty()) rules_->words_image = CompileAll(word_expressions_);
    malloc_trim(0);  // compiling leaves tens of megabytes behind
    return failed_ ? nullptr : std::move(rules_);
  }

 private:
  void Error(const std::string& file, std::string_view code, uint32_t line,
             std::string_view message) {
    ProblemList(file, problems_).Error(code, line, message);
    failed_ = true;
  }

  std::unique_ptr<HsImage> CompileAll(const std::vector<HsExpression>& expressions) {
    auto image = CompileExpressions(expressions);
    if (!image.ok()) {
      Error("packs", "P114", 0,
            fmt::format("the packs do not compile together: {}",
                        std::string(image.status().message())));
      return nullptr;
    }
    return *std::move(image);
  }

  void AddPatterns(uint32_t index) {
    const Detector& detector = rules_->detectors[index];
    for (size_t i = 0; i < detector.patterns.size(); ++i) {
      const Pattern& pattern = detector.patterns[i];
      const auto key = std::tuple(pattern.regex, FlagsOf(pattern), pattern.symbols);
      auto found = anchor_by_key_.find(key);
      if (found == anchor_by_key_.end()) {
        const auto width = CheckPattern(detector, pattern, i);
        if (!width) continue;
        found = anchor_by_key_.emplace(key, static_cast<uint32_t>(rules_->anchors.size())).first;
        rules_->anchors.push_back({pattern.symbols, *width, {}});
        expressions_.push_back({pattern.regex, FlagsOf(pattern)});
      }
      rules_->anchors[found->second].uses.push_back({index, pattern.validator});
    }
  }

  // The width of what the expression matches, 0 where it varies; nothing when it is refused.
  std::optional<uint32_t> CheckPattern(const Detector& detector, const Pattern& pattern,
                                       size_t number) {
    const auto refuse = [&](std::string_view code, std::string_view why) {
      Error(detector.file, code, pattern.line,
            fmt::format("pattern {} of {}: {}", number, detector.id, why));
      return std::nullopt;
    };
    if (const auto refusal = Refusal(pattern.regex)) return refuse("P107", *refusal);
    hs_expr_info_t* raw = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_expression_info(pattern.regex.c_str(), FlagsOf(pattern), &raw, &error) != HS_SUCCESS) {
      const std::string message = error != nullptr ? error->message : "out of memory";
      if (error != nullptr) hs_free_compile_error(error);
      return refuse(message.find("too large") != std::string::npos ? "P108" : "P107", message);
    }
    const std::unique_ptr<hs_expr_info_t, void (*)(void*)> info(raw, std::free);
    if (info->min_width == 0) return refuse("P107", "it matches nothing at all");
    if (info->max_width > kAnchorWidthBytesMax) {
      return refuse("P108", fmt::format("it may match more than {} bytes: bound its repeats",
                                        kAnchorWidthBytesMax));
    }
    auto alone = CompileExpressions({{pattern.regex, FlagsOf(pattern)}});
    if (!alone.ok()) {
      const std::string message(alone.status().message());
      return refuse(message.find("too large") != std::string::npos ? "P108" : "P107", message);
    }
    if ((*alone)->size_bytes() > kPatternDatabaseBytesMax) {
      return refuse("P108", fmt::format("it compiles to {} bytes; at most {} are allowed",
                                        (*alone)->size_bytes(), kPatternDatabaseBytesMax));
    }
    return CheckSpeed(detector, pattern, number, **alone)
               ? std::optional(info->min_width == info->max_width ? info->min_width : 0U)
               : std::nullopt;
  }

  bool CheckSpeed(const Detector& detector, const Pattern& pattern, size_t number,
                  const HsImage& image) {
    HsScratch scratch;
    if (!scratch.Fit(image).ok()) {
      Error(detector.file, "P108", pattern.line, "no memory to try the expression");
      return false;
    }
    uint32_t matches = 0;
    const std::string_view sample = OrdinaryText();
    hs_scan(
        image.get(), sample.data(), static_cast<unsigned>(sample.size()), 0, scratch.get(),
        [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
          ++*static_cast<uint32_t*>(context);
          return 0;
        },
        &matches);
    const uint64_t matches_max = sample.size() * kOrdinaryMatchesPerMilleMax / 1000;
    if (matches <= matches_max) return true;
    Error(detector.file, "P109", pattern.line,
          fmt::format("pattern {} of {}: it fires {} times in {} bytes of ordinary text, more than "
                      "{}: make it rarer",
                      number, detector.id, matches, sample.size(), matches_max));
    return false;
  }

  void AddTerms(uint32_t index) {
    const Detector& detector = rules_->detectors[index];
    for (uint32_t i = 0; i < detector.terms.size(); ++i) {
      const std::string& text = detector.terms[i].text;
      auto [found, added] = term_by_text_.try_emplace(text, term_by_text_.size());
      if (added) {
        CompiledRules::Term term;
        term.size = static_cast<uint32_t>(text.size());
        term.boundary_before = IsAlnum(text.front());
        term.boundary_after = IsAlnum(text.back());
        rules_->terms.push_back(std::move(term));
        term_expressions_.push_back({LiteralExpression(text), HS_FLAG_CASELESS});
      }
      rules_->terms[found->second].uses.push_back({index, i});
    }
    // Terms follow all anchors: their expressions are appended once the anchors are known.
    if (index + 1 == rules_->detectors.size()) {
      expressions_.insert(expressions_.end(), term_expressions_.begin(), term_expressions_.end());
    }
  }

  void AddWords(uint32_t, const WordList& list, uint32_t list_number) {
    const size_t blocks = (2 * rules_->detectors.size() + 63) / 64;
    for (const std::string& text : list.words) {
      auto [found, added] = word_by_text_.try_emplace(text, word_by_text_.size());
      if (added) {
        CompiledRules::Word word;
        word.size = static_cast<uint32_t>(text.size());
        word.boundary_before = IsAlnum(text.front());
        word.boundary_after = IsAlnum(text.back());
        word.lists.resize(blocks);
        rules_->words.push_back(std::move(word));
        word_expressions_.push_back({LiteralExpression(text), HS_FLAG_CASELESS});
      }
      rules_->words[found->second].lists[list_number / 64] |= 1ULL << (list_number % 64);
    }
  }

  std::unique_ptr<CompiledRules> rules_;
  std::vector<v1::PackProblem>& problems_;
  std::vector<HsExpression> expressions_;
  std::vector<HsExpression> term_expressions_;
  std::vector<HsExpression> word_expressions_;
  std::map<std::tuple<std::string, unsigned, uint32_t>, uint32_t> anchor_by_key_;
  std::map<std::string, size_t> term_by_text_;
  std::map<std::string, size_t> word_by_text_;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<CompiledRules> CompileRules(std::vector<Detector> detectors,
                                            std::vector<v1::PackProblem>& problems) {
  return RuleCompiler(std::move(detectors), problems).Run();
}

}  // namespace shoumi::rules
