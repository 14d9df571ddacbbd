#include "rules/engine/pack_loader.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "rules/documents/collection.h"
#include "rules/documents/grams.h"
#include "rules/engine/text/normalise.h"
#include "rules/engine/text/utf8.h"
#include "rules/engine/yaml_map.h"
#include "rules/registry/registry.h"

namespace shoumi::rules {
namespace {

using Need = PackMap::Need;

bool IsLowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool IsPackName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '-' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

bool IsDetectorId(std::string_view id) {
  if (id.empty() || id.size() > 64 || id.find('.') == std::string_view::npos) return false;
  if (id.front() == '.' || id.back() == '.' || id.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '_' || c == '.'; });
}

// Loads one pack.yaml. Bounds on counts hold per pack and, for detectors, over all packs.
class PackReader {
 public:
  PackReader(ProblemList& problems, std::set<std::string>& ids, std::vector<Detector>& out)
      : problems_(problems), ids_(ids), out_(out) {}

  void Read(std::string_view name, const YAML::Node& root) {
    PackMap map(root, "the pack", problems_);
    if (!map.is_map()) return;
    const auto pack = map.Text("pack", Need::kRequired);
    if (pack && (!IsPackName(*pack) || *pack != name)) {
      problems_.Error("P111", map.LineOfKey("pack"),
                      fmt::format("'pack' must be the folder's name, '{}'", name));
    }
    const auto version = map.Number("version", 0, UINT32_MAX, Need::kRequired);
    if (version && *version != 1) {
      problems_.Error("P116", map.LineOfKey("version"),
                      fmt::format("version {} of the format is not known; write 1", *version));
    }
    except_documents_ = ReadCollections(map);
    const auto detectors = map.List("detectors", Need::kRequired);
    map.Finish();
    if (!detectors) return;
    if (detectors->size() == 0) {
      problems_.Error("P115", map.LineOfKey("detectors"), "the pack has no detectors");
    }
    for (const YAML::Node& node : *detectors) {
      if (out_.size() == kDetectorsMax) {
        problems_.Error("P113", LineOfNode(node),
                        fmt::format("more than {} detectors", kDetectorsMax));
        return;
      }
      ReadDetector(node);
    }
  }

 private:
  void ReadDetector(const YAML::Node& node) {
    PackMap map(node, "the detector", problems_);
    if (!map.is_map()) return;
    Detector detector;
    detector.file = problems_.file();
    detector.line = map.line();
    if (auto id = map.Text("id", Need::kRequired)) {
      detector.id = *id;
      if (!IsDetectorId(*id)) {
        problems_.Error("P111", map.LineOfKey("id"),
                        fmt::format("'{}' is not an id: write letters a-z, digits and '_' with a "
                                    "dot between its parts, as in cn.mobile",
                                    *id));
      } else if (!ids_.insert(*id).second) {
        problems_.Error("P105", map.LineOfKey("id"),
                        fmt::format("detector '{}' is there twice: rename one", *id));
      }
    }
    ReadTitle(map, detector);
    ReadLevel(map, detector);
    detector.priority = map.Number("priority", 0, 100, Need::kOptional).value_or(50);
    ReadThreshold(map, detector);
    const auto patterns = map.List("patterns", Need::kOptional);
    const auto terms = map.List("terms", Need::kOptional);
    const auto registry = map.Text("registry", Need::kOptional);
    const auto documents = map.Text("documents", Need::kOptional);
    detector.except_documents = ReadCollections(map);
    for (const std::string& name : except_documents_) AddOnce(name, detector.except_documents);
    detector.name_contradicts = map.Flag("name_contradicts").value_or(false);
    if (patterns.has_value() + terms.has_value() + registry.has_value() + documents.has_value() +
            detector.name_contradicts !=
        1) {
      problems_.Error("P104", map.line(),
                      "a detector needs one of 'patterns', 'terms', 'registry', 'documents' and "
                      "'name_contradicts: true'");
    } else if (detector.name_contradicts) {
      // Nothing more to say.
    } else if (documents) {
      ReadDocuments(map, *documents, detector);
    } else if (registry) {
      ReadRows(map, *registry, detector);
    } else if (patterns) {
      ReadPatterns(*patterns, detector);
      ReadWords(map, "keywords", "boost", detector.keywords);
      ReadWords(map, "against", "drop", detector.against);
      ReadExceptions(map, detector);
      detector.report_from = map.Number("report_from", 0, 100, Need::kOptional).value_or(60);
    } else {
      ReadDictionary(map, *terms, detector);
    }
    map.Finish();
    out_.push_back(std::move(detector));
  }

  void ReadTitle(PackMap& map, Detector& detector) {
    const auto node = map.Map("title", Need::kRequired);
    if (!node) return;
    PackMap title(*node, "the title", problems_);
    detector.title_zh = title.Text("zh", Need::kRequired).value_or("");
    detector.title_en = title.Text("en", Need::kRequired).value_or("");
    title.Finish();
  }

  void ReadLevel(PackMap& map, Detector& detector) {
    const auto level = map.Text("level", Need::kOptional);
    if (!level || *level == "none") return;
    if (*level == "confidential") {
      detector.level = v1::LEVEL_CONFIDENTIAL;
    } else if (*level == "secret") {
      detector.level = v1::LEVEL_SECRET;
    } else if (*level == "top_secret") {
      detector.level = v1::LEVEL_TOP_SECRET;
    } else if (*level == "marking") {
      detector.level_from_marking = true;
    } else {
      problems_.Error("P111", map.LineOfKey("level"),
                      fmt::format("'{}' is not a level: write none, confidential, secret, "
                                  "top_secret or marking",
                                  *level));
    }
  }

  void ReadThreshold(PackMap& map, Detector& detector) {
    const auto node = map.Map("threshold", Need::kOptional);
    if (!node) return;
    PackMap threshold(*node, "the threshold", problems_);
    constexpr uint32_t kMax = 100'000;
    detector.threshold_distinct =
        threshold.Number("distinct", 1, kMax, Need::kOptional).value_or(1);
    detector.threshold_count = threshold.Number("count", 1, kMax, Need::kOptional).value_or(1);
    threshold.Finish();
  }

  void ReadPatterns(const YAML::Node& list, Detector& detector) {
    if (list.size() == 0) {
      problems_.Error("P104", LineOfNode(list), "'patterns' is empty: write at least one");
    }
    for (const YAML::Node& node : list) {
      if (detector.patterns.size() == kPatternsPerDetectorMax) {
        problems_.Error("P113", LineOfNode(node),
                        fmt::format("more than {} patterns", kPatternsPerDetectorMax));
        return;
      }
      PackMap map(node, "the pattern", problems_);
      if (!map.is_map()) continue;
      Pattern pattern;
      pattern.line = map.line();
      pattern.regex = map.Text("regex", Need::kRequired).value_or("");
      const std::string validator = map.Text("validator", Need::kRequired).value_or("");
      pattern.symbols = map.Number("symbols", 1, kSymbolsMax, Need::kOptional).value_or(0);
      pattern.caseless = map.Flag("caseless").value_or(false);
      pattern.validator = FindValidator(validator);
      if (!validator.empty() && pattern.validator == nullptr) {
        problems_.Error("P106", map.LineOfKey("validator"),
                        fmt::format("there is no validator '{}'", validator));
      }
      if (pattern.regex.size() > kRegexBytesMax) {
        problems_.Error("P108", map.LineOfKey("regex"),
                        fmt::format("the expression is longer than {} bytes", kRegexBytesMax));
      }
      map.Finish();
      detector.patterns.push_back(std::move(pattern));
    }
  }

  // Normalised, so that a word written in any form meets the text; empty when it is not usable.
  std::string Word(std::string_view text, uint32_t line) {
    std::string word = NormaliseText(text);
    const bool fits = !word.empty() && word.size() <= kWordBytesMax &&
                      word.find_first_of("\r\n\t") == std::string::npos && word.front() != ' ' &&
                      word.back() != ' ';
    if (fits) return word;
    problems_.Error("P111", line,
                    fmt::format("a word must have 1 to {} bytes, no line breaks or tabs, and no "
                                "space at its ends",
                                kWordBytesMax));
    return "";
  }

  void ReadWords(PackMap& map, std::string_view key, std::string_view points, WordList& out) {
    const auto node = map.Map(key, Need::kOptional);
    if (!node) return;
    PackMap words(*node, fmt::format("'{}'", key), problems_);
    const auto list = words.List("words", Need::kRequired);
    out.within_chars =
        words.Number("within_chars", 1, kWithinCharsMax, Need::kRequired).value_or(1);
    out.points = words.Number(points, 0, 100, Need::kRequired).value_or(0);
    if (key == "keywords") out.required = words.Flag("required").value_or(false);
    words.Finish();
    if (!list) return;
    if (list->size() == 0) problems_.Error("P104", LineOfNode(*list), "'words' is empty");
    for (const YAML::Node& item : *list) {
      if (out.words.size() == kWordsPerListMax) {
        problems_.Error("P113", LineOfNode(item),
                        fmt::format("more than {} words", kWordsPerListMax));
        return;
      }
      if (!item.IsScalar()) {
        problems_.Error("P102", LineOfNode(item), "a word must be text");
        continue;
      }
      std::string word = Word(item.Scalar(), LineOfNode(item));
      if (word.empty()) continue;
      if (std::find(out.words.begin(), out.words.end(), word) != out.words.end()) {
        problems_.Warning("P150", LineOfNode(item),
                          fmt::format("'{}' is there twice; it counts once", word));
        continue;
      }
      out.words.push_back(std::move(word));
    }
  }

  // As they are written, and as validators that leave out separators give them.
  void ReadExceptions(PackMap& map, Detector& detector) {
    const auto list = map.List("except", Need::kOptional);
    if (!list) return;
    for (const YAML::Node& item : *list) {
      if (detector.exceptions.size() >= 2 * kExceptionsPerDetectorMax) {
        problems_.Error("P113", LineOfNode(item),
                        fmt::format("more than {} values", kExceptionsPerDetectorMax));
        return;
      }
      if (!item.IsScalar()) {
        problems_.Error("P102", LineOfNode(item), "a value must be text");
        continue;
      }
      const std::string value = Word(item.Scalar(), LineOfNode(item));
      if (value.empty()) continue;
      std::string bare;
      for (const char c : value) {
        if (c != ' ' && c != '-' && c != '(' && c != ')') bare.push_back(ToUpper(c));
      }
      if (!detector.exceptions.insert(value).second) {
        problems_.Warning("P150", LineOfNode(item), "a value is there twice; it counts once");
      }
      detector.exceptions.insert(std::move(bare));
    }
  }

  void ReadRows(PackMap& map, const std::string& registry, Detector& detector) {
    detector.registry = registry;
    if (!registry::IsRegistryName(registry)) {
      problems_.Error("P111", map.LineOfKey("registry"),
                      fmt::format("'{}' is not the name of a client registry: write letters a-z, "
                                  "digits and '-'",
                                  registry));
    }
    detector.columns_min =
        map.Number("columns_min", 1, registry::kColumnsMax, Need::kRequired).value_or(1);
    detector.within_chars =
        map.Number("within_chars", 1, kWithinCharsMax, Need::kRequired).value_or(1);
  }

  void ReadDocuments(PackMap& map, const std::string& collection, Detector& detector) {
    detector.documents = collection;
    CheckCollectionName(collection, map.LineOfKey("documents"));
    detector.units_min =
        map.Number("units_min", documents::kSharedUnitsFound, kUnitsMinMax, Need::kOptional)
            .value_or(kUnitsMinDefault);
    detector.share_of_registered_min =
        map.Number("share_of_registered_min", 0, 100, Need::kOptional).value_or(0);
    detector.share_of_inspected_min =
        map.Number("share_of_inspected_min", 0, 100, Need::kOptional).value_or(0);
  }

  void CheckCollectionName(const std::string& name, uint32_t line) {
    if (documents::IsCollectionName(name)) return;
    problems_.Error("P111", line,
                    fmt::format("'{}' is not the name of a collection of documents: write letters "
                                "a-z, digits and '-'",
                                name));
  }

  static bool AddOnce(const std::string& name, std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return false;
    names.push_back(name);
    return true;
  }

  std::vector<std::string> ReadCollections(PackMap& map) {
    std::vector<std::string> names;
    const auto list = map.List("except_documents", Need::kOptional);
    if (!list) return names;
    for (const YAML::Node& item : *list) {
      if (names.size() == kExceptCollectionsMax) {
        problems_.Error("P113", LineOfNode(item),
                        fmt::format("more than {} collections", kExceptCollectionsMax));
        break;
      }
      if (!item.IsScalar()) {
        problems_.Error("P102", LineOfNode(item), "the name of a collection must be text");
        continue;
      }
      CheckCollectionName(item.Scalar(), LineOfNode(item));
      if (!AddOnce(item.Scalar(), names)) {
        problems_.Warning("P150", LineOfNode(item),
                          fmt::format("'{}' is there twice; it counts once", item.Scalar()));
      }
    }
    return names;
  }

  void ReadDictionary(PackMap& map, const YAML::Node& list, Detector& detector) {
    detector.within_chars =
        map.Number("within_chars", 1, kWithinCharsMax, Need::kRequired).value_or(1);
    detector.score_min = map.Number("score_min", 1, 1'000'000, Need::kRequired).value_or(1);
    detector.distinct_min = map.Number("distinct_min", 1, 1000, Need::kOptional).value_or(1);
    detector.figures_min = map.Number("figures_min", 0, 100, Need::kOptional).value_or(0);
    std::set<std::string> seen;
    uint64_t weights = 0;
    for (const YAML::Node& item : list) {
      if (detector.terms.size() == kTermsPerDetectorMax) {
        problems_.Error("P113", LineOfNode(item),
                        fmt::format("more than {} terms", kTermsPerDetectorMax));
        return;
      }
      PackMap term(item, "the term", problems_);
      if (!term.is_map()) continue;
      const auto text = term.Text("text", Need::kRequired);
      const uint32_t weight = term.Number("weight", 1, 100, Need::kOptional).value_or(1);
      term.Finish();
      if (!text) continue;
      std::string word = Word(*text, term.LineOfKey("text"));
      if (word.empty()) continue;
      if (!seen.insert(word).second) {
        problems_.Warning("P150", term.LineOfKey("text"),
                          fmt::format("'{}' is there twice; it counts once", word));
        continue;
      }
      weights += weight;
      detector.terms.push_back({std::move(word), weight});
    }
    if (detector.terms.empty()) {
      problems_.Error("P104", LineOfNode(list), "'terms' has no usable term");
    } else if (weights < detector.score_min || detector.terms.size() < detector.distinct_min) {
      problems_.Warning("P151", detector.line,
                        "all terms together do not reach 'score_min' and 'distinct_min': the "
                        "detector never finds anything");
    }
  }

  ProblemList& problems_;
  std::set<std::string>& ids_;
  std::vector<Detector>& out_;
  std::vector<std::string> except_documents_;  // of all detectors of the pack
};

void ReadPack(const v1::Pack& pack, std::set<std::string>& ids, std::vector<Detector>& detectors,
              std::vector<v1::PackProblem>& out) {
  ProblemList problems(fmt::format("{}/pack.yaml", pack.name()), out);
  if (pack.yaml().size() > kPackBytesMax) {
    problems.Error("P100", 0,
                   fmt::format("the file has {} bytes; at most {} are allowed: split the pack",
                               pack.yaml().size(), kPackBytesMax));
    return;
  }
  const auto root = ParseYaml(pack.yaml(), problems);
  if (!root) return;
  try {
    PackReader(problems, ids, detectors).Read(pack.name(), *root);
  } catch (const YAML::Exception& error) {
    problems.Error("P101", static_cast<uint32_t>(error.mark.line + 1), error.msg);
  }
}

}  // namespace

std::vector<Detector> LoadPacks(const std::vector<v1::Pack>& packs,
                                std::vector<v1::PackProblem>& problems) {
  std::vector<Detector> detectors;
  ProblemList general("packs", problems);
  if (packs.empty()) {
    general.Error("P115", 0, "there are no packs");
    return detectors;
  }
  if (packs.size() > kPacksMax) {
    general.Error("P100", 0,
                  fmt::format("{} packs; at most {} are allowed", packs.size(), kPacksMax));
    return detectors;
  }
  std::set<std::string> ids;
  std::set<std::string> names;
  for (const v1::Pack& pack : packs) {
    if (!names.insert(pack.name()).second) {
      ProblemList(fmt::format("{}/pack.yaml", pack.name()), problems)
          .Error("P105", 1, fmt::format("pack '{}' is there twice", pack.name()));
      continue;
    }
    ReadPack(pack, ids, detectors, problems);
  }
  return detectors;
}

bool HasPackError(const std::vector<v1::PackProblem>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const v1::PackProblem& problem) {
    return problem.severity() == v1::PackProblem::SEVERITY_ERROR;
  });
}

}  // namespace shoumi::rules
