#include "common/crypto/x509.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::crypto {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;

const Validity kYear{system_clock::now() - hours(1), system_clock::now() + hours(24 * 365)};

Issuer NewCa(std::string_view name) {
  Issuer issuer;
  issuer.key_pem = NewEcKeyPem();
  issuer.certificate_pem = CreateCa(issuer.key_pem, name, kYear).value();
  return issuer;
}

TEST(X509, CaIsSelfSignedAndMarkedAsCa) {
  const Issuer ca = NewCa("Test CA");
  const auto info = ParseCertificate(ca.certificate_pem).value();
  EXPECT_EQ(info.common_name, "Test CA");
  EXPECT_EQ(info.issuer_common_name, "Test CA");
  EXPECT_TRUE(info.is_ca);
  EXPECT_FALSE(info.client_auth);
  EXPECT_EQ(info.fingerprint.size(), 64U);
  EXPECT_TRUE(VerifyIssuedBy(ca.certificate_pem, ca.certificate_pem, system_clock::now()).ok());
}

TEST(X509, ClientCertificateIgnoresTheRequestsSubject) {
  const Issuer ca = NewCa("Test CA");
  const std::string key = NewEcKeyPem();
  const std::string csr = CreateCsr(key, "somebody else").value();
  EXPECT_EQ(ParseCsr(csr)->common_name, "somebody else");
  const auto pem = IssueClientCertificate(ca, csr, "device-1", kYear).value();
  const auto info = ParseCertificate(pem).value();
  EXPECT_EQ(info.common_name, "device-1");
  EXPECT_TRUE(info.client_auth);
  EXPECT_FALSE(info.server_auth);
  EXPECT_FALSE(info.is_ca);
  EXPECT_EQ(info.public_key_sha256, ParseCsr(csr)->public_key_sha256);
  EXPECT_TRUE(KeyMatches(pem, key).value());
  EXPECT_FALSE(KeyMatches(pem, NewEcKeyPem()).value());
  EXPECT_TRUE(VerifyIssuedBy(pem, ca.certificate_pem, system_clock::now()).ok());
}

TEST(X509, ForeignCaAndWrongTimeDoNotVerify) {
  const Issuer ca = NewCa("Test CA");
  const Issuer stranger = NewCa("Test CA");  // same name, other key
  const std::string csr = CreateCsr(NewEcKeyPem(), "x").value();
  const auto pem = IssueClientCertificate(stranger, csr, "device-1", kYear).value();
  EXPECT_FALSE(VerifyIssuedBy(pem, ca.certificate_pem, system_clock::now()).ok());
  EXPECT_FALSE(
      VerifyIssuedBy(pem, stranger.certificate_pem, system_clock::now() + hours(24 * 400)).ok());
}

TEST(X509, ServerCertificateCarriesNames) {
  const Issuer ca = NewCa("Test CA");
  const auto pem =
      IssueServerCertificate(ca, NewEcKeyPem(), {"dlp.example.com", "127.0.0.1", "::1"}, kYear)
          .value();
  const auto info = ParseCertificate(pem).value();
  EXPECT_TRUE(info.server_auth);
  EXPECT_FALSE(info.client_auth);
  EXPECT_THAT(info.dns_names, ElementsAre("dlp.example.com"));
  EXPECT_THAT(info.addresses, ElementsAre("127.0.0.1", "::1"));
}

TEST(X509, NamesCannotSmuggleOtherExtensions) {
  const Issuer ca = NewCa("Test CA");
  EXPECT_FALSE(IssueServerCertificate(ca, NewEcKeyPem(), {"a,DNS:b"}, kYear).ok());
  EXPECT_FALSE(IssueServerCertificate(ca, NewEcKeyPem(), {}, kYear).ok());
}

TEST(X509, BadInputIsInvalidArgument) {
  EXPECT_EQ(ParseCsr("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseCertificate("rubbish").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CreateCsr("rubbish", "x").status().code(), absl::StatusCode::kInvalidArgument);
  const std::string long_text(kPemBytesMax + 1, 'A');
  EXPECT_THAT(std::string(ParseCsr(long_text).status().message()), HasSubstr("too long"));
  EXPECT_FALSE(CreateCsr(NewEcKeyPem(), std::string(65, 'a')).ok());
}

TEST(X509, TamperedRequestIsRefused) {
  std::string csr = CreateCsr(NewEcKeyPem(), "device").value();
  // A character in the middle of the base64 body: changes key, name or signature.
  size_t at = csr.size() / 2;
  while (csr[at] == '\n') ++at;
  csr[at] = csr[at] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ParseCsr(csr).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace shoumi::crypto
