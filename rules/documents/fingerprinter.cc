#include "rules/documents/fingerprinter.h"

#include <algorithm>

#include "fmt/format.h"

namespace shoumi::documents {

bool IsFingerprinted(v1::PartKind kind) {
  switch (kind) {
    case v1::PART_KIND_BODY:
    case v1::PART_KIND_FIRST_PAGE:
    case v1::PART_KIND_CELLS:
    case v1::PART_KIND_NOTES:
    case v1::PART_KIND_COMMENT:
      return true;
    default:
      return false;
  }
}

void Fingerprinter::BeginPart(v1::PartKind kind) {
  skipped_ = kind_ != v1::COLLECTION_KIND_EXCLUDED && !IsFingerprinted(kind);
  unit_reader_.BeginPart();
  gram_reader_.BeginPart();
  winnower_.BeginPart();
}

void Fingerprinter::Add(const Unit& unit) {
  ++units_;
  if (kind_ == v1::COLLECTION_KIND_EXCLUDED) {
    gram_reader_.Add(unit, [this](const Gram& gram) { fingerprints_.insert(gram.hash); });
  } else {
    winnower_.Add(unit, [this](std::span<const Gram> grams) { Keep(grams); });
  }
}

void Fingerprinter::Keep(std::span<const Gram> grams) {
  for (const Gram& gram : grams) fingerprints_.insert(gram.hash);
}

absl::Status Fingerprinter::Bound() const {
  if (fingerprints_.size() <= kFingerprintsPerDocumentMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("more than {} fingerprints", kFingerprintsPerDocumentMax));
}

absl::Status Fingerprinter::Text(std::string_view text) {
  constexpr size_t kPieceBytes = 64 << 10;
  while (!skipped_ && !text.empty()) {
    const std::string_view piece = text.substr(
        0, text.size() <= kPieceBytes ? text.size() : rules::CharFloor(text, kPieceBytes));
    normalised_.resize(std::max(normalised_.size(), piece.size()));
    offsets_.Reset(0, 0);
    const size_t size = rules::Normalise(piece, normalised_.data(), 0, 0, offsets_);
    unit_reader_.Read({normalised_.data(), size}, [this](const Unit& unit) { Add(unit); });
    if (auto status = Bound(); !status.ok()) return status;
    text.remove_prefix(piece.size());
  }
  return absl::OkStatus();
}

absl::Status Fingerprinter::EndPart() {
  if (skipped_) return absl::OkStatus();
  unit_reader_.EndPart([this](const Unit& unit) { Add(unit); });
  winnower_.EndPart([this](std::span<const Gram> grams) { Keep(grams); });
  return Bound();
}

std::vector<uint64_t> Fingerprinter::Finish() {
  std::vector<uint64_t> sorted(fingerprints_.begin(), fingerprints_.end());
  std::sort(sorted.begin(), sorted.end());
  fingerprints_.clear();
  units_ = 0;
  return sorted;
}

}  // namespace shoumi::documents
