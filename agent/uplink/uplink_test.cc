#include "agent/uplink/uplink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "agent/uplink/testing/fake_server.h"
#include "common/fd.h"

namespace shoumi::agent {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

class UplinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "uplink-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    spool_ = Spool::OpenFolder(folder_ + "/spool", {}).value();
    Put("ca.in", server_.ca_pem());
    Put("token", "one-time\n");
  }
  void TearDown() override {
    uplink_.reset();
    spool_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Put(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(ReplaceFile(folder_ + "/" + name, text, 0600).ok());
  }
  absl::StatusOr<Enrolment> EnrolHere(bool force = false) {
    return Enrol({server_.address(), folder_ + "/ca.in", folder_ + "/token", folder_, "1", force});
  }
  void Connect(const Enrolment& enrolment, UplinkOptions options = {}) {
    options.state_dir = folder_;
    keeper_ = std::make_unique<PolicyKeeper>(
        folder_, enrolment.policy_public_key,
        PolicyKeeper::Hooks{[this](const inspect::InspectorRules& rules, const v1::Policy&) {
                              const std::lock_guard lock(mutex_);
                              compiled_.push_back(rules.packs.empty() ? "" : rules.packs[0].name());
                              registries_.clear();
                              for (const auto& file : rules.registries) {
                                registries_.push_back(file.head.name());
                              }
                              v1::InspectorReady ready;
                              ready.set_ok(compiled_.back() != "broken");
                              if (!ready.ok()) {
                                auto& problem = *ready.add_problems();
                                problem.set_code("P1");
                                problem.set_message("does not compile");
                              }
                              ready.add_detectors("cn.uscc");
                              return ready;
                            },
                            [this](const v1::PolicyBundle& bundle, const auto&) {
                              const std::lock_guard lock(mutex_);
                              in_force_.push_back(bundle.version());
                            }});
    uplink_ = std::make_unique<Uplink>(
        enrolment, *spool_, *keeper_, Clock::Real(), options,
        UplinkHooks{[this] {
                      v1::AgentState state;
                      state.set_policy_version(keeper_->version());
                      return state;
                    },
                    [this](v1::AgentEvent::Kind kind, const std::string& detail) {
                      const std::lock_guard lock(mutex_);
                      events_.emplace_back(kind, detail);
                    }});
    uplink_->Start();
  }
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      v1::SpoolRecord record;
      record.mutable_incident()->set_incident_id(std::to_string(i));
      std::promise<absl::Status> done;
      spool_->Append(record, [&](absl::Status status) { done.set_value(status); });
      ASSERT_TRUE(done.get_future().get().ok());
    }
  }
  static v1::PolicyBundle BundleOf(uint64_t version, const std::string& pack = "good") {
    v1::PolicyBundle bundle;
    bundle.set_version(version);
    v1::Policy& policy = *bundle.mutable_policy();
    policy.set_name("p");
    policy.set_default_action(v1::ACTION_ALLOW);
    policy.set_spool_bytes_max(64 << 20);
    policy.mutable_usb()->set_mode(v1::USB_MODE_INSPECT);
    policy.mutable_usb()->set_verdict_ms_max(1000);
    for (int reason = 1; reason <= 10; ++reason) {
      auto& fallback = *policy.add_unscanned();
      fallback.set_reason(static_cast<v1::UnscannedReason>(reason));
      fallback.set_action(v1::ACTION_BLOCK);
      fallback.set_severity(v1::SEVERITY_LOW);
    }
    bundle.add_packs()->set_name(pack);
    bundle.mutable_packs(0)->set_yaml(std::string(5000, '#'));
    return bundle;
  }
  // The next result after the `before` that were there.
  v1::PolicyResult ResultAfter(size_t before) {
    EXPECT_TRUE(server_.WaitFor([&] { return server_.results.size() > before; }));
    const std::lock_guard lock(server_.mutex);
    return server_.results.size() > before ? server_.results[before] : v1::PolicyResult();
  }
  std::vector<std::string> Events(v1::AgentEvent::Kind kind) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& [is, detail] : events_) {
      if (is == kind) found.push_back(detail);
    }
    return found;
  }
  std::vector<uint64_t> InForce() {
    const std::lock_guard lock(mutex_);
    return in_force_;
  }
  std::string CompiledLast() {
    const std::lock_guard lock(mutex_);
    return compiled_.empty() ? "" : compiled_.back();
  }

  FakeServer server_;
  std::string folder_;
  std::unique_ptr<Spool> spool_;
  std::mutex mutex_;  // the uplink's thread fills in these three
  std::vector<std::string> compiled_;
  std::vector<std::string> registries_;  // of the last compilation
  std::vector<uint64_t> in_force_;
  std::vector<std::pair<v1::AgentEvent::Kind, std::string>> events_;
  std::unique_ptr<PolicyKeeper> keeper_;
  std::unique_ptr<Uplink> uplink_;
};

TEST_F(UplinkTest, EnrolsOnceAndKeepsThePrivateKeyPrivate) {
  EXPECT_TRUE(absl::IsNotFound(LoadEnrolment(folder_).status()));
  const auto enrolment = EnrolHere();
  ASSERT_TRUE(enrolment.ok()) << enrolment.status();
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/device.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto loaded = LoadEnrolment(folder_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->device_id, "device-1");
  EXPECT_EQ(loaded->server, server_.address());
  EXPECT_EQ(loaded->policy_public_key, server_.signing_key().public_key);
  EXPECT_TRUE(absl::IsAlreadyExists(EnrolHere().status()));
  const auto again = EnrolHere(true);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->key_pem, enrolment->key_pem);
}

TEST_F(UplinkTest, EnrolmentRefusesBadTokenAndForeignCa) {
  Put("token", "another");
  EXPECT_TRUE(absl::IsPermissionDenied(EnrolHere().status()));
  Put("token", "one-time");
  const std::string key = crypto::NewEcKeyPem();
  const auto now = std::chrono::system_clock::now();
  Put("ca.in", crypto::CreateCa(key, "stranger", {now - hours(1), now + hours(1)}).value());
  EXPECT_FALSE(EnrolHere().ok());
  EXPECT_TRUE(absl::IsNotFound(LoadEnrolment(folder_).status()));
}

TEST_F(UplinkTest, AnEnrolmentThatFailsSaysWhatToDo) {
  const auto why = [this] { return std::string(EnrolHere().status().message()); };
  Put("token", "used\n");
  EXPECT_THAT(why(), AllOf(HasSubstr("refuses the token"), HasSubstr("enrol-token create")));
  Put("ca.in", "not a certificate\n");
  EXPECT_THAT(why(), AllOf(HasSubstr("ca.in holds no certificate"), HasSubstr("ca.pem")));
  Put("ca.in", FakeServer().ca_pem());
  EXPECT_THAT(why(), AllOf(HasSubstr(server_.address()), HasSubstr("is not from the authority")));
  Put("ca.in", server_.ca_pem());
  server_.Stop();
  EXPECT_THAT(why(), AllOf(HasSubstr("cannot be reached at " + server_.address()),
                           HasSubstr("is it running")));
  EXPECT_TRUE(absl::IsNotFound(LoadEnrolment(folder_).status()));
}

TEST_F(UplinkTest, DeliversTheSpoolInOrderAndAcknowledges) {
  Append(250);
  Connect(EnrolHere().value());
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.size() >= 250; }));
  Append(5);
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.size() >= 255; }));
  const std::lock_guard lock(server_.mutex);
  for (size_t i = 0; i < server_.sequences.size(); ++i) EXPECT_EQ(server_.sequences[i], i + 1);
  for (int i = 0; i < 2000 && spool_->stats().records > 0; ++i) ::usleep(1000);
  EXPECT_EQ(spool_->stats().records, 0u);
  EXPECT_EQ(uplink_->status().connection, v1::AgentStatus::CONNECTION_CONNECTED);
}

TEST_F(UplinkTest, UnacknowledgedAreBoundedAndComeAgainAfterReconnect) {
  {
    const std::lock_guard lock(server_.mutex);
    server_.acknowledge = false;
  }
  Append(120);
  UplinkOptions options;
  options.batch_records_max = 10;
  options.in_flight_records_max = 30;
  Connect(EnrolHere().value(), options);
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.size() >= 30; }));
  ASSERT_TRUE(server_.WaitFor([&] { return server_.heartbeats >= 1; }));
  {
    const std::lock_guard lock(server_.mutex);
    EXPECT_EQ(server_.sequences.size(), 30u);
    server_.acknowledge = true;
  }
  server_.Stop();
  for (int i = 0; i < 5000; ++i) {
    if (uplink_->status().connection == v1::AgentStatus::CONNECTION_OFFLINE) break;
    ::usleep(1000);
  }
  EXPECT_EQ(uplink_->status().connection, v1::AgentStatus::CONNECTION_OFFLINE);
  EXPECT_FALSE(uplink_->status().detail.empty());
  server_.Start();
  ASSERT_TRUE(server_.WaitFor([&] { return server_.sequences.size() >= 150; }));
  const std::lock_guard lock(server_.mutex);
  EXPECT_EQ(server_.sequences[30], 1u);
  EXPECT_EQ(server_.sequences.back(), 120u);
  EXPECT_GE(server_.hellos.size(), 2u);
}

TEST_F(UplinkTest, TakesAnOfferIntoForceAndKeepsIt) {
  const auto enrolment = EnrolHere().value();
  Connect(enrolment);
  server_.Offer(3, server_.Sign(BundleOf(3)));
  const v1::PolicyResult result = ResultAfter(0);
  EXPECT_EQ(result.outcome(), v1::PolicyResult::OUTCOME_IN_FORCE) << result.error();
  EXPECT_EQ(result.version(), 3u);
  EXPECT_EQ(InForce(), std::vector<uint64_t>{3});
  uplink_.reset();
  server_.Stop();
  // A next start, without any server.
  std::vector<uint64_t> kept;
  PolicyKeeper next(
      folder_, enrolment.policy_public_key,
      {[](const auto&, const v1::Policy&) {
         v1::InspectorReady ready;
         ready.set_ok(true);
         return ready;
       },
       [&](const v1::PolicyBundle& bundle, const auto&) { kept.push_back(bundle.version()); }});
  ASSERT_TRUE(next.LoadKept().ok());
  EXPECT_EQ(kept, std::vector<uint64_t>{3});
  // Changed on disk: refused, nothing comes into force.
  std::string bytes = ReadFile(folder_ + "/policy.bundle", 1 << 20).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  Put("policy.bundle", bytes);
  EXPECT_FALSE(next.LoadKept().ok());
  EXPECT_EQ(kept.size(), 1u);
}

TEST_F(UplinkTest, RegistriesAreFetchedCheckedAndKept) {
  const auto enrolment = EnrolHere().value();
  Connect(enrolment);
  const std::string index(100'000, 'i');
  const std::string other(50'000, 'j');
  server_.Serve(index);
  {
    const std::lock_guard lock(server_.mutex);
    server_.cut_fetch_after = 3000;  // of the bundle
  }
  v1::PolicyBundle bundle = BundleOf(1);
  v1::Registry& registry = *bundle.add_registries();
  registry.set_name("clients");
  registry.set_sha256(crypto::Sha256Hex(index));
  registry.set_size_bytes(index.size());
  server_.Offer(1, server_.Sign(bundle));
  ASSERT_EQ(ResultAfter(0).outcome(), v1::PolicyResult::OUTCOME_IN_FORCE);
  EXPECT_EQ(registries_, std::vector<std::string>{"clients"});
  const std::string path = folder_ + "/indexes/" + registry.sha256() + ".index";
  EXPECT_EQ(ReadFile(path, 1 << 20).value(), index);
  // One that cannot be had, or is not what was signed: refused by name, the one before stays.
  v1::PolicyBundle next = BundleOf(2);
  v1::Registry& changed = *next.add_registries();
  changed = registry;
  changed.set_sha256(crypto::Sha256Hex(other));
  changed.set_size_bytes(other.size());
  server_.Offer(2, server_.Sign(next));
  EXPECT_THAT(ResultAfter(1).error(), HasSubstr("client registry 'clients': it ends after 0 of"));
  server_.Serve(std::string(other.size(), 'k'), changed.sha256());
  server_.Offer(2, server_.Sign(next));
  EXPECT_THAT(ResultAfter(2).error(), HasSubstr("not the one that was signed"));
  EXPECT_EQ(keeper_->version(), 1U);
  EXPECT_TRUE(std::filesystem::exists(path));
  server_.Serve(other);
  server_.Offer(2, server_.Sign(next));
  EXPECT_EQ(ResultAfter(3).outcome(), v1::PolicyResult::OUTCOME_IN_FORCE);
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    // The version in force was what a delta could have been made from; nothing was before it.
    const std::lock_guard lock(server_.mutex);
    EXPECT_THAT(server_.fetch_bases, testing::Contains(registry.sha256()));
    EXPECT_EQ(server_.fetch_bases.front(), "");
  }
  // A next start has it without any server; one whose index is gone has no policy and says so.
  uplink_.reset();
  server_.Stop();
  size_t opened = 0;
  const PolicyKeeper::Hooks hooks{
      [&opened](const inspect::InspectorRules& rules, const v1::Policy&) {
        opened = rules.registries.size();
        v1::InspectorReady ready;
        ready.set_ok(true);
        return ready;
      },
      [](const auto&, const auto&) {}};
  PolicyKeeper here(folder_, enrolment.policy_public_key, hooks);
  EXPECT_TRUE(here.LoadKept().ok());
  EXPECT_EQ(opened, 1U);
  std::filesystem::remove_all(folder_ + "/indexes");
  PolicyKeeper gone(folder_, enrolment.policy_public_key, hooks);
  const absl::Status status = gone.LoadKept();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("client registry 'clients': its index is not on this workstation"));
}

TEST_F(UplinkTest, FetchGoesOnWhereItWasCut) {
  {
    const std::lock_guard lock(server_.mutex);
    server_.cut_fetch_after = 3000;
  }
  server_.Offer(1, server_.Sign(BundleOf(1)));
  Connect(EnrolHere().value());
  EXPECT_EQ(ResultAfter(0).outcome(), v1::PolicyResult::OUTCOME_IN_FORCE);
  const std::lock_guard lock(server_.mutex);
  EXPECT_EQ(server_.fetch_offsets, (std::vector<uint64_t>{0, 3000}));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/fetch-" + keeper_->sha256() + ".part"));
}

TEST_F(UplinkTest, RefusesWhatIsForgedOlderTruncatedOrBroken) {
  Connect(EnrolHere().value());
  server_.Offer(5, server_.Sign(BundleOf(5)));
  ASSERT_EQ(ResultAfter(0).outcome(), v1::PolicyResult::OUTCOME_IN_FORCE);

  const crypto::SigningKey stranger = crypto::NewSigningKey();
  v1::SignedBundle forged;
  forged.set_bundle(BundleOf(6).SerializeAsString());
  forged.set_signature(
      crypto::Sign(stranger, std::string("shoumi-policy-bundle-v1\0", 24) + forged.bundle()));
  const std::string six = server_.Sign(BundleOf(6));
  v1::PolicyBundle unchecked = BundleOf(6);
  unchecked.mutable_policy()->clear_unscanned();
  const struct {
    uint64_t version;
    std::string bytes;
    std::string sha256;
    std::string why;
  } cases[] = {
      {6, forged.SerializeAsString(), "", "signature"},
      {4, server_.Sign(BundleOf(4)), "", "not newer"},
      {5, server_.Sign(BundleOf(5, "other")), "", "not newer"},
      {6, server_.Sign(BundleOf(4)), "", "not newer"},  // an old bundle under a new number
      {6, six.substr(0, six.size() - 7), crypto::Sha256Hex(six), "SHA-256"},
      {6, "garbage", "", "signed bundle"},
      {6, server_.Sign(BundleOf(6, "broken")), "", "does not compile"},
      {6, server_.Sign(unchecked), "", "Y130"},
      {6, six, "../../etc/passwd", "SHA-256 is bad"},
  };
  size_t before = 1;
  for (const auto& test : cases) {
    server_.Offer(test.version, test.bytes, test.sha256);
    const v1::PolicyResult result = ResultAfter(before++);
    EXPECT_EQ(result.outcome(), v1::PolicyResult::OUTCOME_REFUSED) << test.why;
    EXPECT_THAT(result.error(), HasSubstr(test.why));
    EXPECT_EQ(keeper_->version(), 5u);
    EXPECT_THAT(uplink_->status().policy_detail, HasSubstr(test.why));
  }
  EXPECT_EQ(Events(v1::AgentEvent::KIND_POLICY_REFUSED).size(), std::size(cases));
  EXPECT_EQ(InForce(), std::vector<uint64_t>{5});
  // Inspection went back to the packs of version 5 after it had switched for nothing.
  EXPECT_EQ(CompiledLast(), "good");
  // The honest one still comes through.
  server_.Offer(6, six);
  EXPECT_EQ(ResultAfter(before).outcome(), v1::PolicyResult::OUTCOME_IN_FORCE);
  EXPECT_EQ(uplink_->status().policy_detail, "");
}

TEST_F(UplinkTest, ARecordTheServerRefusesDoesNotHoldUpTheRest) {
  {
    const std::lock_guard lock(server_.mutex);
    server_.poison_sequence = 3;
  }
  Append(6);
  Connect(EnrolHere().value());
  ASSERT_TRUE(
      server_.WaitFor([&] { return !server_.sequences.empty() && server_.sequences.back() == 6; }));
  const std::lock_guard lock(server_.mutex);
  EXPECT_EQ(server_.sequences, (std::vector<uint64_t>{1, 2, 4, 5, 6}));
  const auto left_out = Events(v1::AgentEvent::KIND_SPOOL_DAMAGED);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_THAT(left_out[0], HasSubstr("record 3 is left out: bad record"));
}

TEST_F(UplinkTest, RenewsTheCertificateInItsLastThird) {
  Enrolment enrolment = EnrolHere().value();
  const std::string csr = crypto::CreateCsr(enrolment.key_pem, "x").value();
  enrolment.certificate_pem = server_.Issue(csr, hours(61), hours(90));
  Connect(enrolment);
  ASSERT_TRUE(server_.WaitFor([&] { return !server_.hellos.empty(); }));
  EXPECT_EQ(server_.renewals, 1);
  EXPECT_EQ(Events(v1::AgentEvent::KIND_CERTIFICATE_RENEWED).size(), 1u);
  const auto kept = crypto::ParseCertificate(LoadEnrolment(folder_)->certificate_pem);
  EXPECT_GT(kept->not_after, std::chrono::system_clock::now() + hours(80));
}

TEST_F(UplinkTest, AStrangersServerIsNotBelieved) {
  Enrolment enrolment = EnrolHere().value();
  const std::string key = crypto::NewEcKeyPem();
  const auto now = std::chrono::system_clock::now();
  enrolment.ca_pem = crypto::CreateCa(key, "test CA", {now - hours(1), now + hours(1)}).value();
  UplinkOptions options;
  options.connect_s_max = std::chrono::seconds(1);
  Connect(enrolment, options);
  for (int i = 0; i < 5000 && uplink_->status().detail == "not connected yet"; ++i) ::usleep(1000);
  EXPECT_THAT(uplink_->status().detail, HasSubstr("not the enrolled one"));
  const std::lock_guard lock(server_.mutex);
  EXPECT_TRUE(server_.hellos.empty());
}

}  // namespace
}  // namespace shoumi::agent
