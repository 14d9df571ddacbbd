#include "agent/inspect/problems.h"

#include "fmt/format.h"

namespace shoumi::inspect {

std::string FormatProblem(const v1::PackProblem& problem) {
  std::string where = problem.file();
  if (problem.line() != 0) where += fmt::format(":{}", problem.line());
  if (!where.empty()) where += ": ";
  const char* severity =
      problem.severity() == v1::PackProblem::SEVERITY_WARNING ? "warning" : "error";
  return fmt::format("{}{} {} {}", where, severity, problem.code(), problem.message());
}

std::string FormatProblems(const google::protobuf::RepeatedPtrField<v1::PackProblem>& problems) {
  std::string lines;
  for (const v1::PackProblem& problem : problems) {
    if (!lines.empty()) lines += '\n';
    lines += FormatProblem(problem);
  }
  return lines;
}

}  // namespace shoumi::inspect
