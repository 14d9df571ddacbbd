#include "rules/policy/problems.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "fmt/format.h"

namespace shoumi::rules {
namespace {

// Levenshtein distance in bytes. Inputs are identifiers, short on both sides.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

constexpr size_t kSuggestedBytesMax = 64;

// "rules[3].when" → "rules[3]" → "rules" → "".
std::string_view Parent(std::string_view path) {
  const size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

}  // namespace

uint32_t Problems::LineOf(std::string_view path) const {
  for (; !path.empty(); path = Parent(path)) {
    if (const auto found = lines_.find(path); found != lines_.end()) return found->second;
  }
  const auto whole = lines_.find("");
  return whole == lines_.end() ? 0 : whole->second;
}

bool Problems::IsUnreadable(std::string_view path) const {
  for (; !path.empty(); path = Parent(path)) {
    if (error_paths_.contains(path)) return true;
  }
  return false;
}

void Problems::BeginChecks() {
  checking_ = true;
}

void Problems::Add(v1::PackProblem::Severity severity, std::string_view code, uint32_t line,
                   std::string_view message) {
  if (severity == v1::PackProblem::SEVERITY_ERROR) ++errors_;
  if (problems_.size() >= kProblemsMax) {
    ++omitted_;
    return;
  }
  v1::PackProblem& problem = problems_.emplace_back();
  problem.set_severity(severity);
  problem.set_code(std::string(code));
  problem.set_file(file_);
  problem.set_line(line);
  problem.set_message(std::string(message));
}

void Problems::Error(std::string_view code, std::string_view path, std::string_view message) {
  if (!checking_) {
    error_paths_.emplace(path);
  } else if (IsUnreadable(path)) {
    return;
  }
  Add(v1::PackProblem::SEVERITY_ERROR, code, LineOf(path),
      path.empty() ? std::string(message) : fmt::format("{}: {}", path, message));
}

void Problems::Warning(std::string_view code, std::string_view path, std::string_view message) {
  Add(v1::PackProblem::SEVERITY_WARNING, code, LineOf(path),
      path.empty() ? std::string(message) : fmt::format("{}: {}", path, message));
}

void Problems::ErrorAt(std::string_view code, uint32_t line, std::string_view message) {
  Add(v1::PackProblem::SEVERITY_ERROR, code, line, message);
}

std::vector<v1::PackProblem> Problems::Take() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const auto& a, const auto& b) { return a.line() < b.line(); });
  if (omitted_ > 0) {
    v1::PackProblem& problem = problems_.emplace_back();
    problem.set_severity(errors_ > 0 ? v1::PackProblem::SEVERITY_ERROR
                                     : v1::PackProblem::SEVERITY_WARNING);
    problem.set_code("Y199");
    problem.set_file(file_);
    problem.set_message(fmt::format("{} more problems", omitted_));
  }
  return std::move(problems_);
}

std::string Nearest(std::string_view text, const std::vector<std::string>& candidates) {
  if (text.size() > kSuggestedBytesMax) return "";
  std::string best;
  size_t best_distance = std::max<size_t>(1, text.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kSuggestedBytesMax) continue;
    const size_t distance = Distance(text, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string Suggestion(std::string_view text, const std::vector<std::string>& candidates) {
  const std::string nearest = Nearest(text, candidates);
  return nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest);
}

}  // namespace shoumi::rules
