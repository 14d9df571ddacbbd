#include "server/policy/compile.h"

#include <utility>

#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::server {

CompiledPolicy CompilePolicy(const PolicyFiles& files) {
  CompiledPolicy result;
  auto packs = rules::Database::Compile(files.packs);
  result.problems = std::move(packs.problems);
  if (packs.database == nullptr) return result;
  packs.database->CheckRegistries(files.registries, result.problems);
  auto policy = rules::LoadPolicy(files.file, files.yaml, packs.database->DetectorIds());
  result.problems.insert(result.problems.end(), policy.problems.begin(), policy.problems.end());
  result.ok = policy.ok;
  result.policy = std::move(policy.policy);
  return result;
}

}  // namespace shoumi::server
