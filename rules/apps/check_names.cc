#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "common/fd.h"
#include "fmt/format.h"
#include "rules/apps/catalogue.h"
#include "rules/policy/policy.h"

namespace shoumi::rules {
namespace {

class NameCheck {
 public:
  NameCheck(std::string_view file, const v1::Policy& policy) : file_(file) {
    for (const v1::App& app : policy.apps()) {
      ids_.insert(app.id());
      classes_.insert(app.classes().begin(), app.classes().end());
    }
  }

  void Class(const std::string& name, std::string_view place) {
    if (classes_.contains(name)) return;
    Add(v1::PackProblem::SEVERITY_WARNING, "Y126",
        fmt::format("{}: no app of the catalogue is of class '{}'", place, name));
  }
  void Program(const std::string& text, std::string_view place) {
    const ProgramName name = ReadProgramName(text);
    if (!name.app_class.empty()) return Class(std::string(name.app_class), place);
    if (name.app.empty() || ids_.contains(std::string(name.app))) return;
    Add(v1::PackProblem::SEVERITY_ERROR, "Y125",
        fmt::format("{}: there is no app '{}' in the catalogue", place, name.app));
  }
  std::vector<v1::PackProblem> Take() { return std::move(problems_); }

 private:
  void Add(v1::PackProblem::Severity severity, const char* code, const std::string& message) {
    v1::PackProblem& problem = problems_.emplace_back();
    problem.set_severity(severity);
    problem.set_code(code);
    problem.set_file(std::string(file_));
    problem.set_message(message);
  }

  const std::string_view file_;
  std::set<std::string> ids_;
  std::set<std::string> classes_;
  std::vector<v1::PackProblem> problems_;
};

}  // namespace

absl::StatusOr<std::vector<CatalogueFile>> ReadCatalogue(const std::string& dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".yaml") paths.push_back(it->path());
  }
  if (error) return absl::NotFoundError(fmt::format("{}: {}", dir, error.message()));
  if (paths.empty()) return absl::NotFoundError(fmt::format("no catalogue of apps in {}", dir));
  std::sort(paths.begin(), paths.end());
  std::vector<CatalogueFile> files;
  for (const fs::path& path : paths) {
    auto yaml = ReadFile(path, kCatalogueYamlBytesMax + 1);
    if (!yaml.ok()) return yaml.status();
    files.push_back({path.filename().string(), *std::move(yaml)});
  }
  return files;
}

absl::StatusOr<std::vector<v1::App>> LoadCatalogueFolder(const std::string& dir) {
  const auto files = ReadCatalogue(dir);
  if (!files.ok()) return files.status();
  CatalogueResult loaded = LoadCatalogue(*files);
  if (loaded.ok) return std::move(loaded.apps);
  std::string lines;
  for (const v1::PackProblem& problem : loaded.problems) {
    if (!lines.empty()) lines += '\n';
    lines += FormatProblem(problem);
  }
  return absl::InvalidArgumentError(lines);
}

std::vector<v1::PackProblem> CheckAppNames(std::string_view file, const v1::Policy& policy) {
  NameCheck check(file, policy);
  for (int i = 0; i < policy.attachments().classes_size(); ++i) {
    check.Class(policy.attachments().classes(i), fmt::format("attachments.classes[{}]", i));
  }
  for (const v1::Rule& rule : policy.rules()) {
    const v1::Conditions& conditions = rule.conditions();
    for (const auto& [list, name] : {std::pair(&conditions.programs(), "programs"),
                                     std::pair(&conditions.sources(), "sources")}) {
      for (int i = 0; i < list->size(); ++i) {
        check.Program(list->Get(i),
                      fmt::format("rule '{}', conditions.{}[{}]", rule.id(), name, i));
      }
    }
  }
  return check.Take();
}

}  // namespace shoumi::rules
