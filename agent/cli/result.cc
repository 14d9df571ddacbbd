#include "agent/cli/result.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "common/terminal/text.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

using nlohmann::ordered_json;

std::string LevelName(v1::Level level) {
  return level == v1::LEVEL_UNSPECIFIED ? "none" : std::string(rules::Name(level));
}

const char* StatusName(Status status) {
  switch (status) {
    case Status::kMatch:
      return "match";
    case Status::kUnscanned:
      return "unscanned";
    case Status::kClean:
      break;
  }
  return "clean";
}

ordered_json ToJson(const v1::Match& match) {
  ordered_json json = {{"part", match.part()},
                       {"start", match.start()},
                       {"end", match.end()},
                       {"masked", match.masked()}};
  if (!match.columns().empty()) {
    json["columns"] = std::vector<std::string>(match.columns().begin(), match.columns().end());
  }
  return json;
}

ordered_json ToJson(const v1::RegisteredDocument& document) {
  return {{"collection", document.collection()},
          {"number", document.number()},
          {"units", document.units()},
          {"permille_of_registered", document.permille_of_registered()},
          {"permille_of_inspected", document.permille_of_inspected()}};
}

ordered_json ToJson(const v1::Finding& finding) {
  ordered_json matches = ordered_json::array();
  for (const v1::Match& match : finding.matches()) matches.push_back(ToJson(match));
  ordered_json json = {{"rule", finding.rule()},
                       {"level", LevelName(finding.level())},
                       {"count", finding.count()},
                       {"confidence", finding.confidence()},
                       {"matches", std::move(matches)}};
  if (finding.documents().empty()) return json;
  ordered_json documents = ordered_json::array();
  for (const v1::RegisteredDocument& document : finding.documents()) {
    documents.push_back(ToJson(document));
  }
  json["documents"] = std::move(documents);
  return json;
}

ordered_json ToJson(const v1::Verdict& verdict, bool explain) {
  ordered_json json = {{"action", rules::Name(verdict.action())},
                       {"rule", verdict.rule()},
                       {"severity", rules::Name(verdict.severity())},
                       {"title_zh", verdict.title_zh()},
                       {"title_en", verdict.title_en()}};
  if (!explain) return json;
  ordered_json trace = ordered_json::array();
  for (const v1::RuleTrace& one : verdict.trace()) {
    trace.push_back({{"rule", one.rule()}, {"held", one.held()}, {"why", one.why()}});
  }
  json["trace"] = std::move(trace);
  return json;
}

void Explain(const v1::InspectReport& report, ordered_json& json) {
  ordered_json unscanned = ordered_json::array();
  for (const v1::Unscanned& one : report.unscanned()) {
    unscanned.push_back(
        {{"part", one.part()}, {"reason", rules::Name(one.reason())}, {"detail", one.detail()}});
  }
  ordered_json rejected = ordered_json::array();
  for (const v1::RejectedCandidate& one : report.rejected()) {
    rejected.push_back({{"rule", one.rule()},
                        {"part", one.part()},
                        {"start", one.start()},
                        {"end", one.end()},
                        {"why", one.why()},
                        {"masked", one.masked()}});
  }
  json["media_type"] = report.media_type();
  json["unscanned"] = std::move(unscanned);
  json["rejected"] = std::move(rejected);
}

}  // namespace

bool InForce(const v1::Finding& finding) {
  return !finding.has_marking() || !finding.marking().expired();
}

Status StatusOf(const v1::InspectReport& report) {
  if (std::any_of(report.findings().begin(), report.findings().end(), InForce)) {
    return Status::kMatch;
  }
  return report.unscanned().empty() ? Status::kClean : Status::kUnscanned;
}

std::string ReasonOf(const v1::InspectReport& report) {
  for (const v1::Unscanned& one : report.unscanned()) {
    if (one.reason() != v1::UNSCANNED_REASON_PARTIAL) return std::string(rules::Name(one.reason()));
  }
  return report.unscanned().empty() ? "" : std::string(rules::Name(v1::UNSCANNED_REASON_PARTIAL));
}

ordered_json ToJson(const FileResult& result, bool explain) {
  ordered_json findings = ordered_json::array();
  for (const v1::Finding& finding : result.report.findings()) {
    if (InForce(finding)) findings.push_back(ToJson(finding));
  }
  ordered_json json = {{"path", result.path}};
  // JSON holds text only: the path alone would not tell two such files apart.
  if (!IsUtf8(result.path)) json["path_bytes"] = absl::Base64Escape(result.path);
  json["status"] = StatusName(StatusOf(result.report));
  json["reason"] = ReasonOf(result.report);
  json["level"] = LevelName(result.report.level());
  json["declassified"] = result.report.declassified();
  json["findings"] = std::move(findings);
  if (result.verdict) json["verdict"] = ToJson(*result.verdict, explain);
  if (explain) Explain(result.report, json);
  return json;
}

}  // namespace shoumi::cli
