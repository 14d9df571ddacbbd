#include "server/policy/publisher.h"

#include "absl/strings/ascii.h"
#include "common/ids.h"
#include "fmt/format.h"
#include "server/identity/key_file.h"
#include "server/policy/bundle.h"

namespace shoumi::server {
namespace {

absl::StatusOr<crypto::SigningKey> ReadOrMakeKey(const std::filesystem::path& path) {
  const auto text = ReadKeyFile(path);
  if (text.status().code() == absl::StatusCode::kNotFound) {
    crypto::SigningKey key = crypto::NewSigningKey();
    if (auto status = WriteKeyFile(path, crypto::ToHex(key.seed) + "\n"); !status.ok()) {
      return status;
    }
    return key;
  }
  if (!text.ok()) return text.status();
  const auto stripped = absl::StripAsciiWhitespace(*text);
  const auto seed = crypto::FromHex({stripped.data(), stripped.size()});
  if (!seed.ok()) {
    return absl::FailedPreconditionError(fmt::format("{} holds no hex key", path.string()));
  }
  return crypto::SigningKeyFromSeed(*seed);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PolicyPublisher>> PolicyPublisher::Create(
    const PublisherOptions& options, PolicyCompiler compiler, Store& store, const Clock& clock) {
  std::unique_ptr<PolicyPublisher> publisher(
      new PolicyPublisher(options, std::move(compiler), store, clock));
  if (auto status = publisher->Load(); !status.ok()) return status;
  return publisher;
}

absl::Status PolicyPublisher::Load() {
  auto key = ReadOrMakeKey(options_.key_file);
  if (!key.ok()) return key.status();
  key_ = std::move(*key);
  auto row = store_.LatestBundle();
  if (!row.ok()) return row.status();
  if (!row->has_value()) return absl::OkStatus();
  const auto opened = OpenBundle(key_.public_key, (*row)->signed_bytes);
  if (!opened.ok() || opened->version() != (*row)->version) {
    return absl::FailedPreconditionError(
        fmt::format("policy version {} in the store was not signed by {}; restore the key or the "
                    "store from the same backup",
                    (*row)->version, options_.key_file.string()));
  }
  auto bundle = std::make_shared<PublishedBundle>();
  bundle->version = (*row)->version;
  bundle->created = (*row)->created;
  bundle->author = (*row)->author;
  bundle->bytes = std::move((*row)->signed_bytes);
  bundle->sha256 = crypto::Sha256Hex(bundle->bytes);
  bundle->policy = opened->policy();
  bundle->registries.assign(opened->registries().begin(), opened->registries().end());
  bundle->collections.assign(opened->collections().begin(), opened->collections().end());
  current_ = std::move(bundle);
  return absl::OkStatus();
}

absl::StatusOr<CompiledPolicy> PolicyPublisher::CheckLocked(PolicyFiles& files) {
  if (files.yaml.empty()) return absl::InvalidArgumentError("the policy is empty");
  if (files.packs.size() > options_.packs_max) {
    return absl::InvalidArgumentError(
        fmt::format("{} packs are more than {}", files.packs.size(), options_.packs_max));
  }
  if (files.file.empty()) files.file = "policy.yaml";
  if (files.packs.empty()) files.packs = options_.shipped_packs;
  if (files.packs.empty()) {
    return absl::FailedPreconditionError(
        "the request has no packs and the server ships none; start it with --packs DIR");
  }
  files.apps = options_.shipped_apps;
  PublishedBundle indexes;
  if (auto status = ReadIndexes(indexes); !status.ok()) return status;
  for (const v1::Registry& registry : indexes.registries) {
    v1::RegistryIndex& head = files.registries.emplace_back();
    head.set_name(registry.name());
    *head.mutable_columns() = registry.columns();
  }
  for (const v1::DocumentCollection& collection : indexes.collections) {
    v1::DocumentIndex& head = files.collections.emplace_back();
    head.set_name(collection.name());
    head.set_kind(collection.kind());
  }
  return compiler_(files);
}

absl::Status PolicyPublisher::ReadIndexes(PublishedBundle& into) const {
  const auto read = [this](IndexKind kind, auto& heads) -> absl::Status {
    const auto rows = store_.ListIndexes(kind);
    if (!rows.ok()) return rows.status();
    for (const IndexRow& row : *rows) {
      if (!heads.emplace_back().ParseFromString(row.head)) {
        return absl::DataLossError(fmt::format("index {} in the store", row.name));
      }
    }
    return absl::OkStatus();
  };
  if (auto status = read(IndexKind::kRegistry, into.registries); !status.ok()) return status;
  return read(IndexKind::kCollection, into.collections);
}

absl::StatusOr<CompiledPolicy> PolicyPublisher::Check(PolicyFiles files) {
  const std::lock_guard lock(work_);
  return CheckLocked(files);
}

absl::StatusOr<PolicyPublisher::Applied> PolicyPublisher::Apply(PolicyFiles files,
                                                                std::string_view author) {
  const std::lock_guard lock(work_);
  auto compiled = CheckLocked(files);
  if (!compiled.ok()) return compiled.status();
  Applied applied{std::move(*compiled), nullptr};
  if (!applied.compiled.ok) return applied;

  v1::PolicyBundle bundle;
  *bundle.mutable_policy() = applied.compiled.policy;
  for (v1::Pack& pack : files.packs) *bundle.add_packs() = std::move(pack);
  bundle.set_source_sha256(crypto::Sha256Hex(files.yaml));
  auto published = Publish(std::move(bundle), author);
  if (!published.ok()) return published.status();
  applied.bundle = *std::move(published);
  return applied;
}

absl::StatusOr<std::shared_ptr<const PublishedBundle>> PolicyPublisher::Republish(
    std::string_view author) {
  const std::lock_guard lock(work_);
  const auto current = Current();
  if (current == nullptr) return nullptr;
  auto bundle = OpenBundle(key_.public_key, current->bytes);
  if (!bundle.ok()) return bundle.status();
  return Publish(*std::move(bundle), author);
}

// Numbers, signs, stores and tells; `bundle` has policy and packs.
absl::StatusOr<std::shared_ptr<const PublishedBundle>> PolicyPublisher::Publish(
    v1::PolicyBundle bundle, std::string_view author) {
  const auto before = Current();
  auto published = std::make_shared<PublishedBundle>();
  published->version = before ? before->version + 1 : 1;
  published->created = clock_.WallNow();
  published->author = author;
  published->policy = bundle.policy();
  if (auto status = ReadIndexes(*published); !status.ok()) return status;
  bundle.set_version(published->version);
  *bundle.mutable_created() = ToProtoTime(published->created);
  bundle.set_author(published->author);
  bundle.mutable_registries()->Assign(published->registries.begin(), published->registries.end());
  bundle.mutable_collections()->Assign(published->collections.begin(),
                                       published->collections.end());
  published->bytes = SignBundle(key_, bundle);
  published->sha256 = crypto::Sha256Hex(published->bytes);
  if (published->bytes.size() > options_.bundle_bytes_max) {
    return absl::InvalidArgumentError(fmt::format("policy and packs are {} bytes, more than {}",
                                                  published->bytes.size(),
                                                  options_.bundle_bytes_max));
  }
  const BundleRow row{published->version, published->created, published->author, published->sha256,
                      published->bytes};
  if (auto status = store_.AddBundle(row); !status.ok()) return status;
  {
    const std::lock_guard state(mutex_);
    previous_ = current_;
    current_ = published;
  }
  if (listener_) listener_(published);
  return published;
}

std::map<std::string, uint64_t> PolicyPublisher::NamedBlobs() const {
  std::map<std::string, uint64_t> blobs;
  const std::lock_guard lock(mutex_);
  for (const auto& bundle : {current_, previous_}) {
    if (bundle == nullptr) continue;
    for (const auto& index : bundle->registries) blobs[index.sha256()] = index.size_bytes();
    for (const auto& index : bundle->collections) blobs[index.sha256()] = index.size_bytes();
  }
  return blobs;
}

std::shared_ptr<const PublishedBundle> PolicyPublisher::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::shared_ptr<const PublishedBundle> PolicyPublisher::Find(std::string_view sha256) const {
  const std::lock_guard lock(mutex_);
  if (current_ && current_->sha256 == sha256) return current_;
  if (previous_ && previous_->sha256 == sha256) return previous_;
  return nullptr;
}

}  // namespace shoumi::server
