#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/uplink/bundle.h"
#include "agent/uplink/index_files.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::agent {

// Takes a signed bundle into force, or leaves the one before: verified → packs compiled → policy
// checked → kept on disk → in force. Thread-safe; Offer and LoadKept block while packs compile.
class PolicyKeeper {
 public:
  struct Hooks {
    // Compiles packs for a policy and switches inspection to them; on an error inspection stays as
    // it was.
    std::function<absl::StatusOr<v1::InspectorReady>(const inspect::InspectorRules&,
                                                     const v1::Policy&)>
        compile;
    // With what of it cannot do its work here, a line each.
    std::function<void(const v1::PolicyBundle&, const std::vector<std::string>& warnings)> in_force;
  };

  // `state_dir` exists; the bundle is kept in "policy.bundle" there.
  PolicyKeeper(const std::string& state_dir, std::string public_key, Hooks hooks);

  // At start, without any server. NotFound when none is kept; another error says why the kept one
  // is not in force.
  absl::Status LoadKept();

  // `sha256` is that of the offer; indexes that are not here are fetched. Whatever
  // fails, what was in force stays.
  absl::Status Offer(std::string bytes, const std::string& sha256, const IndexFiles::Fetch& fetch);

  [[nodiscard]] uint64_t version() const;
  [[nodiscard]] std::string sha256() const;

 private:
  absl::Status Take(const Bundle& bundle, bool keep, const IndexFiles::Fetch& fetch);
  absl::Status Compile(const Bundle& bundle, const IndexFiles::Fetch& fetch, bool& switched);
  void SwitchBack();

  const std::string path_;
  const std::string public_key_;
  const Hooks hooks_;
  std::mutex taking_;  // one bundle at a time; guards the two that follow
  IndexFiles indexes_;
  std::vector<std::string> warnings_;
  mutable std::mutex mutex_;  // guards what is below
  std::shared_ptr<const Bundle> current_;
};

}  // namespace shoumi::agent
