#include "server/ctl/policy_source.h"

#include "common/fd.h"
#include "common/installation.h"
#include "common/terminal/language.h"
#include "fmt/format.h"
#include "rules/apps/catalogue.h"
#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::ctl {

absl::StatusOr<v1::PolicySource> ReadPolicySource(const std::string& file,
                                                  const std::string& packs) {
  v1::PolicySource source;
  auto yaml = ReadFile(file, rules::kPolicyYamlBytesMax);
  if (!yaml.ok()) return yaml.status();
  if (yaml->empty()) {
    return absl::InvalidArgumentError(
        fmt::format(fmt::runtime(Say("{} is empty", "{} 是空文件")), file));
  }
  source.set_policy_file(file);
  source.set_policy_yaml(*std::move(yaml));
  if (packs.empty()) return source;
  auto read = rules::ReadPacks(packs);
  if (!read.ok()) return read.status();
  for (v1::Pack& pack : *read) *source.add_packs() = std::move(pack);
  return source;
}

v1::CheckPolicyResponse CheckHere(const v1::PolicySource& source) {
  v1::CheckPolicyResponse response;
  const auto add = [&](const std::vector<v1::PackProblem>& problems) {
    response.mutable_problems()->Add(problems.begin(), problems.end());
  };
  const auto packs = rules::Database::Compile({source.packs().begin(), source.packs().end()});
  add(packs.problems);
  if (packs.database == nullptr) return response;
  const auto policy =
      rules::LoadPolicy(source.policy_file(), source.policy_yaml(), packs.database->DetectorIds());
  add(policy.problems);
  const auto apps = rules::LoadCatalogueFolder(ShippedApps());
  if (!apps.ok()) {
    v1::PackProblem& unchecked = *response.add_problems();
    unchecked.set_severity(v1::PackProblem::SEVERITY_WARNING);
    unchecked.set_code("Y127");
    unchecked.set_file(source.policy_file());
    unchecked.set_message(
        "no catalogue of apps is installed here: names of programs are not checked");
    response.set_ok(policy.ok);
    return response;
  }
  v1::Policy with_apps = policy.policy;
  with_apps.mutable_apps()->Assign(apps->begin(), apps->end());
  const auto names = rules::CheckAppNames(source.policy_file(), with_apps);
  add(names);
  response.set_ok(policy.ok && !rules::HasError(names));
  return response;
}

}  // namespace shoumi::ctl
