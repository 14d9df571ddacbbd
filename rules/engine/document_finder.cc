#include "rules/engine/document_finder.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "rules/documents/fingerprinter.h"

namespace shoumi::rules {
namespace {

// Units that are looked at around a value: so many bytes hold the words of a gram.
constexpr size_t kAroundBytes = 512;
static_assert(kAroundBytes <= kLookBytes);

constexpr uint64_t kPerMille = 1000;

uint32_t PerMille(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<uint32_t>(std::min(part * kPerMille / whole, kPerMille));
}

std::vector<const documents::Index*> IndexesOf(const std::vector<std::string>& names,
                                               const documents::Collections& collections) {
  std::vector<const documents::Index*> indexes;
  for (const auto& collection : collections) {
    if (collection->index().kind() == v1::COLLECTION_KIND_EXCLUDED &&
        std::find(names.begin(), names.end(), collection->name()) != names.end()) {
      indexes.push_back(&collection->index());
    }
  }
  return indexes;
}

bool IsIn(const std::vector<const documents::Index*>& indexes, uint64_t gram) {
  return std::any_of(indexes.begin(), indexes.end(),
                     [gram](const documents::Index* index) { return !index->At(gram).empty(); });
}

}  // namespace

DocumentFinder::DocumentFinder(const CompiledRules& rules,
                               const documents::Collections& collections)
    : rules_(rules), excluded_(rules.detectors.size()), kept_(collections) {
  for (uint32_t i = 0; i < rules.detectors.size(); ++i) {
    const Detector& detector = rules.detectors[i];
    excluded_[i] = IndexesOf(detector.except_documents, collections);
    if (!detector.is_of_documents()) continue;
    const auto collection =
        std::find_if(collections.begin(), collections.end(), [&detector](const auto& each) {
          return each->name() == detector.documents &&
                 each->index().kind() == v1::COLLECTION_KIND_PROTECTED;
        });
    if (collection == collections.end()) continue;
    detectors_.push_back(i);
    auto search = std::find_if(searches_.begin(), searches_.end(), [&](const auto& each) {
      return each->collection == *collection && each->excluded == excluded_[i];
    });
    if (search == searches_.end()) {
      searches_.push_back(std::make_unique<Search>());
      search = std::prev(searches_.end());
      (*search)->collection = *collection;
      (*search)->excluded = excluded_[i];
    }
    (*search)->detectors.push_back(i);
  }
}

void DocumentFinder::Begin() {
  number_ = 0;
  for (const auto& search : searches_) {
    search->found.clear();
    search->counted.clear();
    search->stretches.clear();
    search->last = 0;
    search->stretches_omitted = 0;
    search->fingerprints = 0;
  }
}

void DocumentFinder::BeginPart(std::string_view part, v1::PartKind kind) {
  part_ = part;
  kind_ = kind;
  units_.BeginPart();
  winnower_.BeginPart();
  ++number_;  // no stretch goes on over the end of a part
}

void DocumentFinder::Scan(const TextWindow& window) {
  if (searches_.empty() || !documents::IsFingerprinted(kind_)) return;
  const auto on_fingerprints = [&](std::span<const documents::Gram> grams) {
    for (const auto& search : searches_) Look(*search, grams, window);
    number_ += grams.size();
  };
  const auto on_unit = [&](const documents::Unit& unit) { winnower_.Add(unit, on_fingerprints); };
  const size_t from = CharFloor(window.text(), window.commit_begin());
  const size_t to = CharFloor(window.text(), window.commit_end());
  units_.Read(window.text().substr(from, to - from), on_unit);
  if (!window.ends_part()) return;
  units_.EndPart(on_unit);
  winnower_.EndPart(on_fingerprints);
}

void DocumentFinder::Look(Search& search, std::span<const documents::Gram> grams,
                          const TextWindow& window) {
  const documents::Index& index = search.collection->index();
  keyed_.clear();
  for (const documents::Gram& gram : grams) {
    keyed_.push_back(index.Keyed(gram.hash));
    index.PrefetchBucket(keyed_.back());
  }
  for (const uint64_t keyed : keyed_) index.PrefetchEntries(keyed);
  for (size_t i = 0; i < grams.size(); ++i) {
    if (IsIn(search.excluded, grams[i].hash)) continue;
    ++search.fingerprints;
    const auto entries = index.Find(keyed_[i]);
    if (entries.empty()) continue;
    Count(search, grams[i], entries);
    Mark(search, grams[i], number_ + i + 1, window);
  }
}

void DocumentFinder::Count(Search& search, const documents::Gram& gram,
                           std::span<const documents::Entry> entries) {
  const bool first =
      search.found.size() < kFingerprintsFoundMax && search.found.insert(gram.hash).second;
  for (const documents::Entry& entry : entries) {
    Counted& counted = search.counted[entry.document()];
    counted.distinct += first ? 1 : 0;
    ++counted.occurrences;
  }
}

void DocumentFinder::Mark(Search& search, const documents::Gram& gram, uint64_t number,
                          const TextWindow& window) const {
  // A gram may have begun before the window, where offsets are not known any more.
  const uint64_t from = std::max(gram.from, window.base()) - window.base();
  const uint64_t end = window.OriginalEnd(static_cast<size_t>(gram.to - window.base()));
  const bool goes_on =
      search.last + 1 == number && !search.stretches.empty() && search.stretches_omitted == 0;
  search.last = number;
  if (goes_on) {
    search.stretches.back().end = end;
    ++search.stretches.back().fingerprints;
  } else if (search.stretches.size() < kStretchesMax) {
    search.stretches.push_back(
        {part_, kind_, window.OriginalStart(static_cast<size_t>(from)), end, 1});
  } else {
    ++search.stretches_omitted;
  }
}

FoundDocuments DocumentFinder::Take(uint32_t detector, size_t documents_max, uint32_t& documents) {
  FoundDocuments found;
  documents = 0;
  const auto search =
      std::find_if(searches_.begin(), searches_.end(), [detector](const auto& each) {
        return std::find(each->detectors.begin(), each->detectors.end(), detector) !=
               each->detectors.end();
      });
  if (search == searches_.end()) return found;
  const Detector& wants = rules_.detectors[detector];
  const documents::Collection& collection = *(*search)->collection;
  for (const auto& [number, counted] : (*search)->counted) {
    const documents::Document& document = collection.index().documents()[number];
    const uint64_t units =
        document.fingerprints == 0
            ? 0
            : uint64_t{document.units} * counted.distinct / document.fingerprints;
    v1::RegisteredDocument one;
    one.set_collection(collection.name());
    one.set_version(collection.version());
    one.set_number(number + 1);
    one.set_units(static_cast<uint32_t>(std::min<uint64_t>(units, document.units)));
    one.set_permille_of_registered(PerMille(counted.distinct, document.fingerprints));
    one.set_permille_of_inspected(PerMille(counted.occurrences, (*search)->fingerprints));
    if (one.units() < wants.units_min ||
        one.permille_of_registered() < 10 * wants.share_of_registered_min ||
        one.permille_of_inspected() < 10 * wants.share_of_inspected_min) {
      continue;
    }
    found.numbers.push_back(one.number());
    found.documents.push_back(std::move(one));
  }
  documents = static_cast<uint32_t>(found.documents.size());
  const auto more = [](const v1::RegisteredDocument& a, const v1::RegisteredDocument& b) {
    return std::tuple(b.units(), b.permille_of_registered(), a.number()) <
           std::tuple(a.units(), a.permille_of_registered(), b.number());
  };
  const size_t kept = std::min(documents_max, found.documents.size());
  std::partial_sort(found.documents.begin(),
                    found.documents.begin() + static_cast<std::ptrdiff_t>(kept),
                    found.documents.end(), more);
  found.documents.resize(kept);
  if (documents > 0) {
    found.stretches = (*search)->stretches;
    found.stretches_omitted = (*search)->stretches_omitted;
  }
  return found;
}

bool DocumentFinder::IsExcluded(uint32_t detector, std::string_view text, size_t from,
                                size_t to) const {
  const auto& excluded = excluded_[detector];
  if (excluded.empty()) return false;
  const size_t begin = CharFloor(text, from > kAroundBytes ? from - kAroundBytes : 0);
  const size_t end = CharFloor(text, std::min(text.size(), to + kAroundBytes));
  bool any = false;
  bool first = true;
  for (const documents::Gram& gram : documents::GramsOf(text.substr(begin, end - begin))) {
    // The first and the last may have words that are cut.
    const bool cut =
        (std::exchange(first, false) && begin > 0) || (begin + gram.to == end && end < text.size());
    if (cut || begin + gram.to <= from || begin + gram.from >= to) continue;
    if (!IsIn(excluded, gram.hash)) return false;
    any = true;
  }
  return any;
}

}  // namespace shoumi::rules
