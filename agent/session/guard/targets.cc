#include "agent/session/guard/targets.h"

#include <algorithm>
#include <span>

namespace shoumi::session {
namespace {

constexpr std::array<std::string_view, 7> kNoContent{
    "TARGETS", "MULTIPLE",         "TIMESTAMP",      "SAVE_TARGETS",
    "DELETE",  "INSERT_SELECTION", "INSERT_PROPERTY"};

constexpr std::array<std::string_view, 6> kDocuments{
    "text/html",     "text/rtf",      "application/rtf",
    "text/richtext", "text/uri-list", "x-special/gnome-copied-files"};

bool Among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool IsContent(std::string_view target) {
  return !target.empty() && !Among(kNoContent, target);
}

bool IsReadable(std::string_view target) {
  return Among(kPlainText, target) || Among(kDocuments, target) || target.starts_with("image/");
}

int FetchRank(std::string_view target) {
  if (Among(kPlainText, target)) return 0;
  if (target == "STRING" || target == "TEXT" || target == "COMPOUND_TEXT" ||
      target.starts_with("text/") || target.starts_with("x-special/")) {
    return 1;
  }
  if (target == "image/png") return 2;
  return target.starts_with("image/") ? 4 : 3;
}

}  // namespace shoumi::session
