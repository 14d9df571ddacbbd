#include "rules/engine/database.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/fd.h"
#include "fmt/format.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/pack_loader.h"
#include "rules/engine/yaml_map.h"

namespace shoumi::rules {

Database::Result Database::Compile(const std::vector<v1::Pack>& packs) {
  Result result;
  std::vector<Detector> detectors = LoadPacks(packs, result.problems);
  // Expressions are tried even after an error elsewhere: one run names every problem.
  std::unique_ptr<CompiledRules> rules;
  if (!detectors.empty()) rules = CompileRules(std::move(detectors), result.problems);
  std::stable_sort(result.problems.begin(), result.problems.end(),
                   [](const v1::PackProblem& a, const v1::PackProblem& b) {
                     return std::pair(a.file(), a.line()) < std::pair(b.file(), b.line());
                   });
  if (rules != nullptr && !HasPackError(result.problems)) {
    result.database = std::make_shared<const Database>(std::move(rules));
  }
  return result;
}

Database::Database(std::unique_ptr<const CompiledRules> rules) : rules_(std::move(rules)) {}
Database::~Database() = default;

std::vector<std::string> Database::DetectorIds() const {
  std::vector<std::string> ids;
  for (const Detector& detector : rules_->detectors) ids.push_back(detector.id);
  return ids;
}

size_t Database::SizeBytes() const {
  const auto bytes = [](const std::unique_ptr<HsImage>& image) {
    return image != nullptr ? image->size_bytes() : 0;
  };
  return bytes(rules_->patterns) + bytes(rules_->words_image);
}

void Database::CheckRegistries(const std::vector<v1::RegistryIndex>& registries,
                               std::vector<v1::PackProblem>& problems) const {
  for (const Detector& detector : rules_->detectors) {
    if (!detector.is_of_rows()) continue;
    const auto found =
        std::find_if(registries.begin(), registries.end(),
                     [&detector](const auto& head) { return head.name() == detector.registry; });
    ProblemList list(detector.file, problems);
    if (found == registries.end()) {
      list.Warning("P152", detector.line,
                   fmt::format("there is no client registry '{}' yet: {} finds nothing until it is "
                               "imported",
                               detector.registry, detector.id));
    } else if (static_cast<uint32_t>(found->columns_size()) < detector.columns_min) {
      list.Warning(
          "P153", detector.line,
          fmt::format("client registry '{}' has {} columns: {}, which wants {} of a row, "
                      "finds nothing",
                      detector.registry, found->columns_size(), detector.id, detector.columns_min));
    }
  }
}

void Database::CheckCollections(const std::vector<v1::DocumentIndex>& collections,
                                std::vector<v1::PackProblem>& problems) const {
  const auto check = [&](const Detector& detector, const std::string& name, v1::CollectionKind kind,
                         std::string_view otherwise) {
    const auto found = std::find_if(collections.begin(), collections.end(),
                                    [&name](const auto& head) { return head.name() == name; });
    ProblemList list(detector.file, problems);
    if (found == collections.end()) {
      list.Warning("P154", detector.line,
                   fmt::format("there is no collection of documents '{}' yet: {} {} until it is "
                               "imported",
                               name, detector.id, otherwise));
    } else if (found->kind() != kind) {
      list.Warning("P155", detector.line,
                   fmt::format("collection '{}' holds {} documents: {} {}", name,
                               kind == v1::COLLECTION_KIND_PROTECTED ? "excluded" : "protected",
                               detector.id, otherwise));
    }
  };
  for (const Detector& detector : rules_->detectors) {
    if (detector.is_of_documents()) {
      check(detector, detector.documents, v1::COLLECTION_KIND_PROTECTED, "finds nothing");
    }
    for (const std::string& name : detector.except_documents) {
      check(detector, name, v1::COLLECTION_KIND_EXCLUDED, "leaves nothing out");
    }
  }
}

absl::StatusOr<std::vector<v1::Pack>> ReadPacks(const std::string& dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> folders;
  if (fs::is_regular_file(fs::path(dir) / "pack.yaml", error)) {
    fs::path folder = fs::absolute(dir, error).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    folders.push_back(folder);
  } else {
    fs::directory_iterator entries(dir, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      std::error_code ignored;
      if (fs::is_regular_file(entries->path() / "pack.yaml", ignored)) {
        folders.push_back(entries->path());
      }
    }
    if (error) return absl::NotFoundError(fmt::format("{}: {}", dir, error.message()));
  }
  if (folders.empty()) {
    return absl::NotFoundError(fmt::format("no pack.yaml in {} or the folders in it", dir));
  }
  std::sort(folders.begin(), folders.end());
  std::vector<v1::Pack> packs;
  for (const fs::path& folder : folders) {
    // One byte past the bound is enough for the loader to refuse the file by name.
    auto yaml = ReadFile(folder / "pack.yaml", 16U << 20);
    if (!yaml.ok()) return yaml.status();
    v1::Pack& pack = packs.emplace_back();
    pack.set_name(folder.filename().string());
    pack.set_yaml(*std::move(yaml));
  }
  return packs;
}

}  // namespace shoumi::rules
