#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/crypto/crypto.h"
#include "server/store/store.h"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::server {

// What the operator has: one policy file and the packs it is written against.
struct PolicyFiles {
  std::string file;  // what problems name
  std::string yaml;
  std::vector<v1::Pack> packs;  // empty: the shipped ones
  // What the publisher knows, and fills in: the registries, collections and apps that there are.
  std::vector<v1::RegistryIndex> registries{};
  std::vector<v1::DocumentIndex> collections{};
  std::vector<v1::App> apps{};
};

struct CompiledPolicy {
  bool ok = false;
  v1::Policy policy;
  std::vector<v1::PackProblem> problems;
};

// Checks with the code that agents run. Must be thread-safe.
using PolicyCompiler = std::function<CompiledPolicy(const PolicyFiles& files)>;

// Immutable, shared by everybody who serves it.
struct PublishedBundle {
  uint64_t version = 0;
  Clock::Wall created;
  std::string author;
  std::string sha256;  // hex, of `bytes`
  std::string bytes;   // serialised SignedBundle
  v1::Policy policy;
  std::vector<v1::Registry> registries;
  std::vector<v1::DocumentCollection> collections;
};

struct PublisherOptions {
  std::filesystem::path key_file;  // Ed25519 seed in hex, mode 0600; made when absent
  std::vector<v1::Pack> shipped_packs;
  std::vector<v1::App> shipped_apps{};
  size_t packs_max = 64;
  size_t bundle_bytes_max = 6U << 20U;
};

// Checks, signs, numbers and keeps policy bundles. Thread-safe; Check and Apply take as long as the
// packs take to compile and run one at a time.
class PolicyPublisher {
 public:
  using Listener = std::function<void(const std::shared_ptr<const PublishedBundle>&)>;

  // `store` and `clock` outlive the object. FailedPrecondition when the key file can be read by
  // others, or when the latest bundle was not signed by it.
  static absl::StatusOr<std::unique_ptr<PolicyPublisher>> Create(const PublisherOptions& options,
                                                                 PolicyCompiler compiler,
                                                                 Store& store, const Clock& clock);

  // Problems of the policy are in the result; the status is for what is wrong with the request.
  absl::StatusOr<CompiledPolicy> Check(PolicyFiles files);

  struct Applied {
    CompiledPolicy compiled;
    std::shared_ptr<const PublishedBundle> bundle;  // null unless compiled.ok
  };
  // Durable, and told to the listener, when it returns a bundle.
  absl::StatusOr<Applied> Apply(PolicyFiles files, std::string_view author);

  // The policy and packs in force once more, with the indexes that the store has now.
  // Null when none has been applied yet.
  absl::StatusOr<std::shared_ptr<const PublishedBundle>> Republish(std::string_view author);

  // Null before the first.
  [[nodiscard]] std::shared_ptr<const PublishedBundle> Current() const;
  // The current one or the one before; null for any other hash.
  [[nodiscard]] std::shared_ptr<const PublishedBundle> Find(std::string_view sha256) const;
  // The blobs that these two name: sizes by digest.
  [[nodiscard]] std::map<std::string, uint64_t> NamedBlobs() const;
  [[nodiscard]] const std::string& public_key() const { return key_.public_key; }

  // At most one, set before anything is applied. Called in order of version.
  void SetListener(Listener listener) { listener_ = std::move(listener); }

 private:
  PolicyPublisher(const PublisherOptions& options, PolicyCompiler compiler, Store& store,
                  const Clock& clock)
      : options_(options), compiler_(std::move(compiler)), store_(store), clock_(clock) {}
  absl::Status Load();
  absl::StatusOr<CompiledPolicy> CheckLocked(PolicyFiles& files);
  absl::Status ReadIndexes(PublishedBundle& into) const;
  absl::StatusOr<std::shared_ptr<const PublishedBundle>> Publish(v1::PolicyBundle bundle,
                                                                 std::string_view author);

  const PublisherOptions options_;
  const PolicyCompiler compiler_;
  Store& store_;
  const Clock& clock_;
  crypto::SigningKey key_;
  Listener listener_;
  std::mutex work_;  // one compilation at a time; versions without gaps
  mutable std::mutex mutex_;
  std::shared_ptr<const PublishedBundle> current_;
  std::shared_ptr<const PublishedBundle> previous_;
};

}  // namespace shoumi::server
