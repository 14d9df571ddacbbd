#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "server/identity/authority.h"
#include "server/identity/devices.h"
#include "server/identity/key_file.h"
#include "server/identity/operators.h"

namespace shoumi::server {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;

// Cheap enough for a test; the defaults are asserted on their own.
const PasswordCost kCheap{64, 1, 1};
constexpr std::string_view kOffice = "192.0.2.7";
constexpr std::string_view kStranger = "203.0.113.9";

class IdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_id_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    clock_.JumpWall(seconds(1'800'000'000));
    store_ = OpenSqliteStore((folder_ / "store.db").string()).value();
    OperatorOptions options;
    options.password_cost = kCheap;
    operators_ = Operators::Create(options, *store_, clock_).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  absl::StatusOr<CertificateAuthority> OpenAuthority(std::vector<std::string> names = {}) {
    AuthorityOptions options;
    options.folder = folder_;
    options.names = std::move(names);
    return CertificateAuthority::Open(options, clock_);
  }
  std::string FirstPassword() {
    std::string password;
    const auto made = operators_->CreateFirstAdministrator([&](std::string_view text) {
      password = text;
      return absl::OkStatus();
    });
    EXPECT_TRUE(made.ok() && *made);
    return password;
  }
  [[nodiscard]] uint32_t ModeOf(const char* name) const {
    struct stat info {};
    EXPECT_EQ(stat((folder_ / name).c_str(), &info), 0);
    return info.st_mode & 0777U;
  }

  std::filesystem::path folder_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Operators> operators_;
};

TEST_F(IdentityTest, AuthorityIsMadeOnceAndKept) {
  const auto first = OpenAuthority().value();
  EXPECT_EQ(ModeOf("ca.key"), 0600U);
  EXPECT_EQ(ModeOf("server.key"), 0600U);
  EXPECT_EQ(ModeOf("ca.pem"), 0644U);
  const auto second = OpenAuthority().value();
  EXPECT_EQ(first.ca_pem(), second.ca_pem());
  EXPECT_EQ(first.server_certificate_pem(), second.server_certificate_pem());
  const auto info = crypto::ParseCertificate(first.server_certificate_pem()).value();
  EXPECT_THAT(info.dns_names, Contains("localhost"));
  EXPECT_THAT(info.addresses, Contains("127.0.0.1"));
  EXPECT_THAT(info.addresses, Contains("::1"));
  const auto ca = crypto::ParseCertificate(first.ca_pem()).value();
  EXPECT_GT(ca.not_after - clock_.WallNow(), hours(24 * 3649));
}

TEST_F(IdentityTest, ServerCertificateIsRenewedNearItsEndAndForNewNames) {
  const auto first = OpenAuthority().value();
  const auto named = OpenAuthority({"dlp.example.com"}).value();
  EXPECT_NE(first.server_certificate_pem(), named.server_certificate_pem());
  EXPECT_THAT(crypto::ParseCertificate(named.server_certificate_pem())->dns_names,
              Contains("dlp.example.com"));
  clock_.Advance(hours(24 * (397 - 59)));
  const auto renewed = OpenAuthority({"dlp.example.com"}).value();
  EXPECT_NE(named.server_certificate_pem(), renewed.server_certificate_pem());
  EXPECT_EQ(first.ca_pem(), renewed.ca_pem());
}

TEST_F(IdentityTest, KeysThatOthersCanReadAreRefused) {
  ASSERT_TRUE(OpenAuthority().ok());
  chmod((folder_ / "ca.key").c_str(), 0640);
  const auto status = OpenAuthority().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
}

TEST_F(IdentityTest, ALostCaKeyIsNotReplacedInSilence) {
  ASSERT_TRUE(OpenAuthority().ok());
  std::filesystem::remove(folder_ / "ca.key");
  EXPECT_EQ(OpenAuthority().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(IdentityTest, EnrolmentIgnoresTheSubjectAndUsesTheTokenUp) {
  const auto authority = OpenAuthority().value();
  DeviceIdentity devices(authority, *store_, clock_);
  const auto token = devices.CreateToken(seconds(0), "laptops", "admin").value();
  EXPECT_EQ(token.expires - clock_.WallNow(), DeviceIdentity::kTokenValidDefault);
  const std::string machine(64, 'a');
  const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "admin").value();
  // A bad request does not cost the token.
  EXPECT_EQ(devices.Enrol({token.token, "rubbish", "pc", machine, "1"}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(devices.Enrol({token.token, csr, "pc\n", machine, "1"}).ok());
  EXPECT_FALSE(devices.Enrol({token.token, csr, "pc", "short", "1"}).ok());
  const auto enrolled = devices.Enrol({token.token, csr, "pc", machine, "1"}).value();
  const auto info = crypto::ParseCertificate(enrolled.certificate_pem).value();
  EXPECT_EQ(info.common_name, enrolled.device_id);
  EXPECT_EQ(info.not_after - clock_.WallNow(), hours(24 * 90));
  EXPECT_EQ(devices.Enrol({token.token, csr, "pc", machine, "1"}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(devices.Authenticate(enrolled.certificate_pem)->row.device_id, enrolled.device_id);
}

TEST_F(IdentityTest, TokenLifetimeHasBounds) {
  const auto authority = OpenAuthority().value();
  DeviceIdentity devices(authority, *store_, clock_);
  EXPECT_FALSE(devices.CreateToken(seconds(59), "", "admin").ok());
  EXPECT_FALSE(devices.CreateToken(seconds(604'801), "", "admin").ok());
  EXPECT_FALSE(devices.CreateToken(seconds(60), std::string(257, 'n'), "admin").ok());
  const auto token = devices.CreateToken(seconds(60), "", "admin").value();
  clock_.Advance(seconds(60));
  const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "x").value();
  EXPECT_EQ(devices.Enrol({token.token, csr, "pc", std::string(64, 'a'), "1"}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(IdentityTest, RevokedExpiredAndForeignDevicesAreRefused) {
  const auto authority = OpenAuthority().value();
  DeviceIdentity devices(authority, *store_, clock_);
  const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "x").value();
  const auto token = devices.CreateToken(seconds(0), "", "admin").value();
  const auto device = devices.Enrol({token.token, csr, "pc", std::string(64, 'a'), "1"}).value();
  const std::string renewed = devices.Renew(device.device_id, csr).value();
  EXPECT_TRUE(devices.Authenticate(renewed).ok());
  // A valid certificate of this authority for an id that never enrolled.
  const auto unknown = authority.IssueDevice(csr, "nobody", clock_.WallNow()).value();
  EXPECT_EQ(devices.Authenticate(unknown).status().code(), absl::StatusCode::kPermissionDenied);
  // The server's own certificate is not a device's.
  EXPECT_EQ(devices.Authenticate(authority.server_certificate_pem()).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(devices.Authenticate("").status().code(), absl::StatusCode::kUnauthenticated);
  ASSERT_TRUE(devices.Revoke(device.device_id).ok());
  EXPECT_EQ(devices.Authenticate(renewed).status().code(), absl::StatusCode::kPermissionDenied);
  clock_.Advance(hours(24 * 91));
  EXPECT_EQ(devices.Authenticate(renewed).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(IdentityTest, RenewalsOfADeviceAreBoundedByDay) {
  const auto authority = OpenAuthority().value();
  DeviceIdentity devices(authority, *store_, clock_);
  const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "x").value();
  const auto enrol = [&] {
    const auto token = devices.CreateToken(seconds(0), "", "admin").value();
    return devices.Enrol({token.token, csr, "pc", std::string(64, 'a'), "1"})->device_id;
  };
  const std::string busy = enrol();
  const std::string other = enrol();
  EXPECT_EQ(DeviceIdentity::kCertificatesPerDayMax, 24U);
  for (uint32_t i = 1; i < DeviceIdentity::kCertificatesPerDayMax; ++i) {
    EXPECT_TRUE(devices.Renew(busy, csr).ok()) << i;
  }
  EXPECT_EQ(devices.Renew(busy, csr).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(devices.Renew(other, csr).ok());
  EXPECT_EQ(devices.renewals(), 24U);
  EXPECT_EQ(devices.renewals_refused(), 1U);
  clock_.Advance(hours(24));
  EXPECT_TRUE(devices.Renew(busy, csr).ok());
}

TEST_F(IdentityTest, FirstAdministratorMustChangeThePassword) {
  const std::string one_time = FirstPassword();
  EXPECT_GE(one_time.size(), 24U);
  EXPECT_FALSE(
      operators_->CreateFirstAdministrator([](std::string_view) { return absl::OkStatus(); })
          .value());
  const auto login = operators_->Login(kOffice, "admin", one_time).value();
  EXPECT_TRUE(login.must_change_password);
  const auto identity = operators_->Authenticate(login.token).value();
  EXPECT_TRUE(identity.must_change_password);
  EXPECT_EQ(operators_->ChangePassword(kOffice, identity, one_time, "elevenchars").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(operators_->ChangePassword(kOffice, identity, one_time, one_time).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(operators_->ChangePassword(kOffice, identity, "wrong", "correct horse battery").code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(
      operators_->ChangePassword(kOffice, identity, one_time, "correct horse battery").ok());
  EXPECT_FALSE(operators_->Authenticate(login.token)->must_change_password);
  EXPECT_FALSE(operators_->Login(kOffice, "admin", one_time).ok());
  EXPECT_FALSE(operators_->Login(kOffice, "admin", "correct horse battery")->must_change_password);
}

TEST_F(IdentityTest, APasswordThatCannotBeDeliveredMakesNoAccount) {
  const auto made = operators_->CreateFirstAdministrator(
      [](std::string_view) { return absl::UnavailableError("disk full"); });
  EXPECT_EQ(made.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->CountOperators().value(), 0U);
}

TEST_F(IdentityTest, AWithdrawnFirstAdministratorIsMadeAnew) {
  const std::string lost = FirstPassword();
  ASSERT_TRUE(operators_->WithdrawFirstAdministrator().ok());
  const std::string password = FirstPassword();
  EXPECT_FALSE(operators_->Login(kOffice, "admin", lost).ok());
  EXPECT_TRUE(operators_->Login(kOffice, "admin", password).ok());
}

TEST_F(IdentityTest, TokensEndByTimeLogoutAndPasswordChange) {
  const std::string password = FirstPassword();
  const auto one = operators_->Login(kOffice, "admin", password).value();
  const auto two = operators_->Login(kOffice, "admin", password).value();
  EXPECT_NE(one.token, two.token);
  EXPECT_EQ(one.expires - clock_.WallNow(), hours(8));
  EXPECT_EQ(operators_->Authenticate("").status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(operators_->Authenticate("x").status().code(), absl::StatusCode::kUnauthenticated);
  ASSERT_TRUE(operators_
                  ->ChangePassword(kOffice, operators_->Authenticate(two.token).value(), password,
                                   "correct horse battery")
                  .ok());
  EXPECT_FALSE(operators_->Authenticate(one.token).ok());
  ASSERT_TRUE(operators_->Logout(operators_->Authenticate(two.token).value()).ok());
  EXPECT_FALSE(operators_->Authenticate(two.token).ok());
  const auto three = operators_->Login(kOffice, "admin", "correct horse battery").value();
  clock_.Advance(hours(8));
  EXPECT_FALSE(operators_->Authenticate(three.token).ok());
}

TEST_F(IdentityTest, AGuesserElsewhereLocksNobodyOut) {
  const std::string password = FirstPassword();
  for (uint32_t i = 0; i < LoginLimits().failures_per_source_max; ++i) {
    EXPECT_EQ(operators_->Login(kStranger, "admin", "wrong").status().code(),
              absl::StatusCode::kUnauthenticated);
  }
  // Even the right password now: else guessing could go on.
  EXPECT_EQ(operators_->Login(kStranger, "admin", password).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(operators_->login_failures(), 6U);
  const auto login = operators_->Login(kOffice, "admin", password);
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_TRUE(operators_
                  ->ChangePassword(kOffice, operators_->Authenticate(login->token).value(),
                                   password, "correct horse battery")
                  .ok());
  clock_.Advance(minutes(1));
  EXPECT_TRUE(operators_->Login(kStranger, "admin", "correct horse battery").ok());
}

TEST(Password, IsArgon2idWithTheRecommendedCost) {
  const std::string encoded = HashPassword("correct horse battery", {}).value();
  EXPECT_THAT(encoded, HasSubstr("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(PasswordMatches("correct horse battery", encoded));
  EXPECT_FALSE(PasswordMatches("correct horse batterz", encoded));
  EXPECT_FALSE(PasswordMatches("x", "no encoded form"));
  EXPECT_NE(HashPassword("a", kCheap).value(), HashPassword("a", kCheap).value());
}

TEST(Password, LengthIsInCharacters) {
  EXPECT_FALSE(CheckNewPassword("密码密码密码密码密码密").ok());  // 11 characters, 33 bytes
  EXPECT_TRUE(CheckNewPassword("密码密码密码密码密码密码").ok());
  EXPECT_FALSE(CheckNewPassword(std::string(257, 'a')).ok());
}

}  // namespace
}  // namespace shoumi::server
