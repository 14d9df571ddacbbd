#include "agent/inspect/report_check.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "fmt/format.h"
#include "rules/documents/collection.h"

namespace shoumi::inspect {
namespace {

bool IsLevel(int level) {
  return v1::Level_IsValid(level);
}

bool IsDigest(std::string_view text) {
  constexpr size_t kSha256HexChars = 64;
  return text.empty() ||
         (text.size() == kSha256HexChars && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
          }));
}

bool IsPlain(std::string_view text) {
  return text.size() <= kTextBytesMax && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

// Name of the field that is wrong, or nullptr.
const char* WrongIn(const v1::Match& match) {
  if (match.part().size() > kPartBytesMax) return "match.part";
  if (!v1::PartKind_IsValid(match.kind())) return "match.kind";
  if (match.start() > match.end()) return "match.end";
  if (match.masked().size() > kMaskedBytesMax) return "match.masked";
  if (match.confidence() > 100) return "match.confidence";
  if (match.columns_size() > kColumnsMax ||
      !std::all_of(match.columns().begin(), match.columns().end(), IsPlain)) {
    return "match.columns";
  }
  return nullptr;
}

const char* WrongIn(const v1::RegisteredDocument& document) {
  constexpr uint32_t kPerMilleMax = 1000;
  if (!documents::IsCollectionName(document.collection())) return "document.collection";
  if (document.number() == 0 || document.number() > documents::kDocumentsMax) {
    return "document.number";
  }
  if (document.permille_of_registered() > kPerMilleMax ||
      document.permille_of_inspected() > kPerMilleMax) {
    return "document.permille";
  }
  return document.title().empty() ? nullptr : "document.title";
}

const char* WrongIn(const v1::Finding& finding, const std::set<std::string>& detectors) {
  if (!detectors.contains(finding.rule())) return "finding.rule";
  if (!IsLevel(finding.level())) return "finding.level";
  if (finding.confidence() > 100) return "finding.confidence";
  if (finding.count() == 0) return "finding.count";
  if (finding.matches_size() > kMatchesMax) return "finding.matches";
  if (finding.has_marking()) {
    const v1::Marking& marking = finding.marking();
    if (!IsLevel(marking.level())) return "marking.level";
    if (!IsPlain(marking.term())) return "marking.term";
    if (!IsPlain(marking.declassify_date())) return "marking.declassify_date";
  }
  const auto& keys = finding.value_keys();
  if (keys.size() > kValueKeysMax || static_cast<uint32_t>(keys.size()) > finding.distinct() ||
      std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()) != keys.end()) {
    return "finding.value_keys";
  }
  for (const v1::Match& match : finding.matches()) {
    if (const char* wrong = WrongIn(match)) return wrong;
  }
  if (finding.documents_size() > kMatchesMax) return "finding.documents";
  for (const v1::RegisteredDocument& document : finding.documents()) {
    if (const char* wrong = WrongIn(document)) return wrong;
  }
  return nullptr;
}

const char* WrongIn(const v1::Unscanned& unscanned) {
  if (unscanned.part().size() > kPartBytesMax) return "unscanned.part";
  if (!v1::UnscannedReason_IsValid(unscanned.reason()) ||
      unscanned.reason() == v1::UNSCANNED_REASON_UNSPECIFIED) {
    return "unscanned.reason";
  }
  return IsPlain(unscanned.detail()) ? nullptr : "unscanned.detail";
}

const char* WrongIn(const v1::RejectedCandidate& rejected, const std::set<std::string>& detectors) {
  if (!detectors.contains(rejected.rule())) return "rejected.rule";
  if (rejected.part().size() > kPartBytesMax) return "rejected.part";
  if (rejected.start() > rejected.end()) return "rejected.end";
  if (!IsPlain(rejected.why())) return "rejected.why";
  return rejected.masked().size() > kMaskedBytesMax ? "rejected.masked" : nullptr;
}

const char* WrongIn(const v1::InspectReport& report, const std::set<std::string>& detectors) {
  if (!IsLevel(report.level())) return "level";
  if (!IsPlain(report.media_type())) return "media_type";
  if (!IsDigest(report.content_sha256())) return "content_sha256";
  if (report.findings_size() > kFindingsMax) return "findings";
  if (report.unscanned_size() > kUnscannedMax) return "unscanned";
  if (report.rejected_size() > kRejectedMax) return "rejected";
  for (const v1::Finding& finding : report.findings()) {
    if (const char* wrong = WrongIn(finding, detectors)) return wrong;
  }
  for (const v1::Unscanned& unscanned : report.unscanned()) {
    if (const char* wrong = WrongIn(unscanned)) return wrong;
  }
  for (const v1::RejectedCandidate& rejected : report.rejected()) {
    if (const char* wrong = WrongIn(rejected, detectors)) return wrong;
  }
  return nullptr;
}

}  // namespace

absl::Status CheckReport(const v1::InspectReport& report, uint64_t id,
                         const std::set<std::string>& detectors) {
  if (report.id() != id) return absl::InvalidArgumentError("report of another request");
  const char* wrong = WrongIn(report, detectors);
  if (wrong == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("report with wrong {}", wrong));
}

}  // namespace shoumi::inspect
