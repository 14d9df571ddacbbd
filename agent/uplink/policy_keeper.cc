#include "agent/uplink/policy_keeper.h"

#include <utility>

#include "common/fd.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

std::string FirstError(const google::protobuf::RepeatedPtrField<v1::PackProblem>& problems) {
  for (const v1::PackProblem& problem : problems) {
    if (problem.severity() != v1::PackProblem::SEVERITY_WARNING) {
      return rules::FormatProblem(problem);
    }
  }
  return "unknown problem";
}

}  // namespace

PolicyKeeper::PolicyKeeper(const std::string& state_dir, std::string public_key, Hooks hooks)
    : path_(state_dir + "/policy.bundle"),
      public_key_(std::move(public_key)),
      hooks_(std::move(hooks)),
      indexes_(state_dir) {}

uint64_t PolicyKeeper::version() const {
  const std::lock_guard lock(mutex_);
  return current_ ? current_->content.version() : 0;
}

std::string PolicyKeeper::sha256() const {
  const std::lock_guard lock(mutex_);
  return current_ ? current_->sha256 : "";
}

absl::Status PolicyKeeper::LoadKept() {
  auto bytes = ReadFile(path_, kBundleBytesMax);
  if (!bytes.ok()) return bytes.status();
  auto bundle = OpenBundle(*std::move(bytes), "", public_key_, 0);
  if (!bundle.ok()) return bundle.status();
  const std::lock_guard lock(taking_);
  return Take(*bundle, false, nullptr);
}

absl::Status PolicyKeeper::Offer(std::string bytes, const std::string& sha256,
                                 const IndexFiles::Fetch& fetch) {
  const std::lock_guard lock(taking_);
  auto bundle = OpenBundle(std::move(bytes), sha256, public_key_, version());
  if (!bundle.ok()) return bundle.status();
  return Take(*bundle, true, fetch);
}

absl::Status PolicyKeeper::Compile(const Bundle& bundle, const IndexFiles::Fetch& fetch,
                                   bool& switched) {
  const auto rules = indexes_.Open(bundle.content, fetch);
  if (!rules.ok()) return rules.status();
  const auto ready = hooks_.compile(*rules, bundle.content.policy());
  if (!ready.ok()) return ready.status();
  if (!ready->ok()) {
    return absl::InvalidArgumentError("packs: " + FirstError(ready->problems()));
  }
  switched = true;
  warnings_.clear();
  for (const v1::PackProblem& problem : ready->problems()) {
    warnings_.push_back(rules::FormatProblem(problem));
  }
  const std::vector<std::string> detectors(ready->detectors().begin(), ready->detectors().end());
  for (const auto& problem : rules::CheckPolicy(bundle.content.policy(), detectors)) {
    if (problem.severity() == v1::PackProblem::SEVERITY_WARNING) continue;
    return absl::InvalidArgumentError("policy: " + rules::FormatProblem(problem));
  }
  return absl::OkStatus();
}

// Inspection may have switched to packs whose policy then turned out to be bad.
void PolicyKeeper::SwitchBack() {
  std::shared_ptr<const Bundle> before;
  {
    const std::lock_guard lock(mutex_);
    before = current_;
  }
  if (before == nullptr) return;
  const auto rules = indexes_.Open(before->content, nullptr);
  if (!rules.ok()) {
    spdlog::error("indexes in force: {}", std::string(rules.status().message()));
    return;
  }
  const auto back = hooks_.compile(*rules, before->content.policy());
  if (!back.ok()) spdlog::error("packs in force: {}", std::string(back.status().message()));
}

absl::Status PolicyKeeper::Take(const Bundle& bundle, bool keep, const IndexFiles::Fetch& fetch) {
  bool switched = false;
  absl::Status status = Compile(bundle, fetch, switched);
  if (status.ok() && keep) status = ReplaceFile(path_, bundle.bytes, 0600);
  if (!status.ok()) {
    if (switched) SwitchBack();
    return status;
  }
  indexes_.KeepOnly(bundle.content);
  hooks_.in_force(bundle.content, warnings_);
  auto kept = std::make_shared<Bundle>(bundle);
  kept->bytes.clear();
  const std::lock_guard lock(mutex_);
  current_ = std::move(kept);
  return absl::OkStatus();
}

}  // namespace shoumi::agent
