#include "server/policy/compile.h"

#include <utility>

#include "rules/apps/catalogue.h"
#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::server {

CompiledPolicy CompilePolicy(const PolicyFiles& files) {
  CompiledPolicy result;
  auto packs = rules::Database::Compile(files.packs);
  result.problems = std::move(packs.problems);
  if (packs.database == nullptr) return result;
  packs.database->CheckRegistries(files.registries, result.problems);
  packs.database->CheckCollections(files.collections, result.problems);
  auto policy = rules::LoadPolicy(files.file, files.yaml, packs.database->DetectorIds());
  result.problems.insert(result.problems.end(), policy.problems.begin(), policy.problems.end());
  policy.policy.mutable_apps()->Assign(files.apps.begin(), files.apps.end());
  const auto names = rules::CheckAppNames(files.file, policy.policy);
  result.problems.insert(result.problems.end(), names.begin(), names.end());
  result.ok = policy.ok && !rules::HasError(names);
  result.policy = std::move(policy.policy);
  return result;
}

}  // namespace shoumi::server
