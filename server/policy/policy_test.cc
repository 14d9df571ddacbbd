#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "common/fd.h"
#include "rules/policy/policy.h"
#include "server/policy/bundle.h"
#include "server/policy/publisher.h"

namespace shoumi::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kBroken = "name: test\nrules: 7\n";

v1::Pack SomePack() {
  v1::Pack pack;
  pack.set_name("some");
  pack.set_yaml("detectors");
  return pack;
}

// The real policy loader over detectors that stand in for compiled packs.
CompiledPolicy CompileWithFixedDetectors(const PolicyFiles& files) {
  auto loaded = rules::LoadPolicy(
      files.file, files.yaml,
      {"cn.resident_id", "cn.uscc", "cn.org_code", "cn.mobile", "cn.landline", "cn.bank_card",
       "cn.passport", "cn.travel_permit", "cn.plate", "intl.email", "intl.iban", "intl.card",
       "marking.classification", "business.tender", "business.budget", "business.contract",
       "business.quote"});
  return {loaded.ok, loaded.policy, loaded.problems};
}

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_pol_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    starter_ = ReadFile(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml", 1 << 20).value();
    publisher_ = Open().value();
  }
  void TearDown() override {
    publisher_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  absl::StatusOr<std::unique_ptr<PolicyPublisher>> Open(size_t bundle_bytes_max = 6U << 20U) {
    PublisherOptions options;
    options.key_file = folder_ / "policy.key";
    options.shipped_packs = {SomePack()};
    options.bundle_bytes_max = bundle_bytes_max;
    return PolicyPublisher::Create(options, CompileWithFixedDetectors, *store_, Clock::Real());
  }
  PolicyFiles Starter() { return {"starter.yaml", starter_, {}}; }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PolicyPublisher> publisher_;
  std::string starter_;
};

TEST_F(PublisherTest, VersionsGrowByOneAndSurviveARestart) {
  EXPECT_EQ(publisher_->Current(), nullptr);
  const auto first = publisher_->Apply(Starter(), "admin").value();
  ASSERT_NE(first.bundle, nullptr);
  EXPECT_EQ(first.bundle->version, 1U);
  const auto second = publisher_->Apply(Starter(), "admin").value();
  EXPECT_EQ(second.bundle->version, 2U);
  EXPECT_EQ(publisher_->Find(first.bundle->sha256), first.bundle);
  EXPECT_EQ(publisher_->Find(second.bundle->sha256), second.bundle);
  EXPECT_EQ(publisher_->Find("other"), nullptr);
  const std::string key = publisher_->public_key();
  publisher_ = Open().value();
  EXPECT_EQ(publisher_->public_key(), key);
  EXPECT_EQ(publisher_->Current()->version, 2U);
  EXPECT_EQ(publisher_->Current()->bytes, second.bundle->bytes);
  EXPECT_EQ(publisher_->Current()->sha256, second.bundle->sha256);
  EXPECT_EQ(publisher_->Current()->policy.name(), "starter");
}

TEST_F(PublisherTest, BundleIsSignedOverDomainAndBytes) {
  const auto applied = publisher_->Apply(Starter(), "admin").value();
  const std::string& bytes = applied.bundle->bytes;
  EXPECT_EQ(applied.bundle->sha256, crypto::Sha256Hex(bytes));
  v1::SignedBundle outer;
  ASSERT_TRUE(outer.ParseFromString(bytes));
  const std::string message = std::string("shoumi-policy-bundle-v1") + '\0' + outer.bundle();
  EXPECT_TRUE(crypto::Verify(publisher_->public_key(), message, outer.signature()));
  EXPECT_FALSE(crypto::Verify(publisher_->public_key(), outer.bundle(), outer.signature()));
  EXPECT_EQ(outer.key_id(), crypto::Sha256Hex(publisher_->public_key()).substr(0, 16));
  const auto bundle = OpenBundle(publisher_->public_key(), bytes).value();
  EXPECT_EQ(bundle.version(), 1U);
  EXPECT_EQ(bundle.author(), "admin");
  EXPECT_EQ(bundle.packs_size(), 1);
  EXPECT_EQ(bundle.source_sha256(), crypto::Sha256Hex(starter_));
}

TEST_F(PublisherTest, ForgedAndTruncatedBundlesDoNotOpen) {
  const std::string bytes = publisher_->Apply(Starter(), "admin")->bundle->bytes;
  v1::SignedBundle forged;
  ASSERT_TRUE(forged.ParseFromString(bytes));
  (*forged.mutable_bundle())[5] ^= 1;
  EXPECT_EQ(OpenBundle(publisher_->public_key(), forged.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_FALSE(OpenBundle(publisher_->public_key(), bytes.substr(0, bytes.size() / 2)).ok());
  EXPECT_FALSE(OpenBundle(crypto::NewSigningKey().public_key, bytes).ok());
}

TEST_F(PublisherTest, ABrokenPolicyLeavesThePreviousInForce) {
  ASSERT_TRUE(publisher_->Apply(Starter(), "admin").ok());
  const auto broken = publisher_->Apply({"bad.yaml", std::string(kBroken), {}}, "admin").value();
  EXPECT_EQ(broken.bundle, nullptr);
  EXPECT_FALSE(broken.compiled.ok);
  ASSERT_FALSE(broken.compiled.problems.empty());
  EXPECT_EQ(broken.compiled.problems.front().file(), "bad.yaml");
  EXPECT_TRUE(std::any_of(broken.compiled.problems.begin(), broken.compiled.problems.end(),
                          [](const v1::PackProblem& problem) { return problem.line() == 2; }));
  EXPECT_EQ(publisher_->Current()->version, 1U);
  EXPECT_FALSE(publisher_->Check({"", "", {}}).ok());
}

TEST_F(PublisherTest, BoundsAreHeld) {
  PolicyFiles many = Starter();
  many.packs.assign(65, SomePack());
  EXPECT_EQ(publisher_->Check(many).status().code(), absl::StatusCode::kInvalidArgument);
  publisher_ = Open(100).value();
  EXPECT_EQ(publisher_->Apply(Starter(), "admin").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher_->Current(), nullptr);
}

TEST_F(PublisherTest, ListenerHearsEachVersionInOrder) {
  std::vector<uint64_t> heard;
  publisher_->SetListener([&](const auto& bundle) { heard.push_back(bundle->version); });
  ASSERT_TRUE(publisher_->Apply(Starter(), "admin").ok());
  ASSERT_TRUE(publisher_->Apply({"bad.yaml", std::string(kBroken), {}}, "admin").ok());
  ASSERT_TRUE(publisher_->Apply(Starter(), "admin").ok());
  EXPECT_THAT(heard, ElementsAre(1, 2));
}

TEST_F(PublisherTest, AnotherKeyAndAReadableKeyRefuseToStart) {
  ASSERT_TRUE(publisher_->Apply(Starter(), "admin").ok());
  chmod((folder_ / "policy.key").c_str(), 0644);
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(folder_ / "policy.key");
  const auto other = Open().status();
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.message()), HasSubstr("not signed by"));
}

}  // namespace
}  // namespace shoumi::server
