#include "common/crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "absl/strings/ascii.h"
#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::crypto {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

struct Deleter {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "shoumi: OpenSSL failed: %s\n", what);
  std::abort();
}

absl::Status Bad(std::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(std::string(what));
}

Owned<BIO> ReadBio(std::string_view bytes) {
  return Owned<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string TakeBio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT: OpenSSL's type
  return {data, static_cast<size_t>(size)};
}

// Never asks for a pass phrase on the terminal, as OpenSSL's default would.
int NoPassPhrase(char*, int, int, void*) {
  return -1;
}

bool IsP256(EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_base_id(key) != EVP_PKEY_EC) return false;
  char group[64] = {};
  size_t length = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
         std::string_view(group, length) == "prime256v1";
}

absl::StatusOr<Owned<EVP_PKEY>> ReadKey(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return Bad("key PEM is too long");
  const auto bio = ReadBio(pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (!key) return Bad("not a PEM private key without pass phrase");
  if (!IsP256(key.get())) return Bad("private key is not EC P-256");
  return key;
}

absl::StatusOr<Owned<X509>> ReadCertificate(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return Bad("certificate PEM is too long");
  const auto bio = ReadBio(pem);
  Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (!certificate) return Bad("not a PEM certificate");
  return certificate;
}

absl::StatusOr<Owned<X509_REQ>> ReadCsr(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return Bad("certificate request PEM is too long");
  const auto bio = ReadBio(pem);
  Owned<X509_REQ> csr(PEM_read_bio_X509_REQ(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (!csr) return Bad("not a PEM certificate request");
  EVP_PKEY* key = X509_REQ_get0_pubkey(csr.get());
  if (!IsP256(key)) return Bad("certificate request is not for an EC P-256 key");
  if (X509_REQ_verify(csr.get(), key) != 1) {
    return Bad("certificate request is not signed by its own key");
  }
  return csr;
}

std::string CommonName(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

void SetCommonName(X509_NAME* name, std::string_view text) {
  Require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()), -1, 0) == 1,
          "X509_NAME_add_entry");
}

absl::Status CheckCommonName(std::string_view text) {
  // RFC 5280, appendix A.1: ub-common-name is 64 characters.
  if (text.empty() || text.size() > 64) return Bad("common name must have 1 to 64 bytes");
  return absl::OkStatus();
}

TimePoint ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  Require(ASN1_TIME_to_tm(time, &parts) == 1, "ASN1_TIME_to_tm");
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string PublicKeySha256(const X509_PUBKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(key, &der);
  Require(size > 0, "i2d_X509_PUBKEY");
  std::string digest = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return digest;
}

std::string PublicKeySha256(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  Require(size > 0, "i2d_PUBKEY");
  std::string digest = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return digest;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

// Version, a random positive serial of 159 bits (RFC 5280, 4.1.2.2), dates, subject and key.
absl::StatusOr<Owned<X509>> Blank(std::string_view common_name, EVP_PKEY* key,
                                  const Validity& validity) {
  if (const auto status = CheckCommonName(common_name); !status.ok()) return status;
  if (validity.not_after <= validity.not_before)
    return Bad("certificate would end before it starts");
  Owned<X509> certificate(X509_new());
  const Owned<BIGNUM> serial(BN_new());
  Require(certificate && serial, "X509_new");
  Require(BN_rand(serial.get(), 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1, "BN_rand");
  Require(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr,
          "X509 serial");
  const auto seconds = [](TimePoint time) { return std::chrono::system_clock::to_time_t(time); };
  Require(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds(validity.not_before)) &&
              ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds(validity.not_after)),
          "X509 dates");
  SetCommonName(X509_get_subject_name(certificate.get()), common_name);
  Require(X509_set_pubkey(certificate.get(), key) == 1, "X509_set_pubkey");
  return certificate;
}

std::string SignToPem(X509* certificate, EVP_PKEY* key) {
  Require(X509_sign(certificate, key, EVP_sha256()) > 0, "X509_sign");
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  Require(out && PEM_write_bio_X509(out.get(), certificate) == 1, "PEM_write_bio_X509");
  return TakeBio(out.get());
}

struct OpenedIssuer {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
};

absl::StatusOr<OpenedIssuer> OpenIssuer(const Issuer& issuer) {
  auto certificate = ReadCertificate(issuer.certificate_pem);
  if (!certificate.ok()) return certificate.status();
  auto key = ReadKey(issuer.key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return Bad("the issuer's certificate is for another key");
  }
  return OpenedIssuer{std::move(*certificate), std::move(*key)};
}

void FinishLeaf(X509* leaf, const OpenedIssuer& issuer, const char* usage) {
  Require(X509_set_issuer_name(leaf, X509_get_subject_name(issuer.certificate.get())) == 1,
          "X509_set_issuer_name");
  AddExtension(leaf, issuer.certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(leaf, issuer.certificate.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(leaf, issuer.certificate.get(), NID_ext_key_usage, usage);
  AddExtension(leaf, issuer.certificate.get(), NID_subject_key_identifier, "hash");
  AddExtension(leaf, issuer.certificate.get(), NID_authority_key_identifier, "keyid:always");
}

bool IsAddress(const std::string& name) {
  in6_addr binary{};
  return inet_pton(AF_INET, name.c_str(), &binary) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &binary) == 1;
}

bool IsDnsName(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;  // RFC 1035, 2.3.4
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.' && c != '_') {
      return false;
    }
  }
  return true;
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(address) != 4 && ASN1_STRING_length(address) != 16) return {};
  inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
  return text;
}

void ReadNames(X509* certificate, CertificateInfo& info) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_DNS) {
      const auto* dns = static_cast<const ASN1_IA5STRING*>(value);
      info.dns_names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)),
                                  static_cast<size_t>(ASN1_STRING_length(dns)));
    } else if (type == GEN_IPADD) {
      info.addresses.push_back(AddressText(static_cast<const ASN1_OCTET_STRING*>(value)));
    }
  }
}

std::string SerialHex(X509* certificate) {
  const Owned<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  Require(number != nullptr, "ASN1_INTEGER_to_BN");
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return ToHex(bytes);
}

std::string Fingerprint(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  Require(X509_digest(certificate, EVP_sha256(), digest, &size) == 1, "X509_digest");
  return ToHex({reinterpret_cast<const char*>(digest), size});
}

}  // namespace

std::string NewEcKeyPem() {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<BIO> out(BIO_new(BIO_s_secmem()));
  Require(key && out &&
              PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1,
          "EC key");
  return TakeBio(out.get());
}

absl::StatusOr<std::string> CreateCsr(std::string_view key_pem, std::string_view common_name) {
  const auto key = ReadKey(key_pem);
  if (!key.ok()) return key.status();
  if (const auto status = CheckCommonName(common_name); !status.ok()) return status;
  const Owned<X509_REQ> csr(X509_REQ_new());
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  Require(csr && out && X509_REQ_set_version(csr.get(), X509_REQ_VERSION_1) == 1, "X509_REQ_new");
  SetCommonName(X509_REQ_get_subject_name(csr.get()), common_name);
  Require(X509_REQ_set_pubkey(csr.get(), key->get()) == 1 &&
              X509_REQ_sign(csr.get(), key->get(), EVP_sha256()) > 0 &&
              PEM_write_bio_X509_REQ(out.get(), csr.get()) == 1,
          "X509_REQ_sign");
  return TakeBio(out.get());
}

absl::StatusOr<CsrInfo> ParseCsr(std::string_view csr_pem) {
  const auto csr = ReadCsr(csr_pem);
  if (!csr.ok()) return csr.status();
  return CsrInfo{CommonName(X509_REQ_get_subject_name(csr->get())),
                 PublicKeySha256(X509_REQ_get_X509_PUBKEY(csr->get()))};
}

absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem) {
  const auto certificate = ReadCertificate(pem);
  if (!certificate.ok()) return certificate.status();
  X509* const x509 = certificate->get();
  EVP_PKEY* const key = X509_get0_pubkey(x509);
  if (key == nullptr) return Bad("certificate holds no usable public key");
  CertificateInfo info;
  info.common_name = CommonName(X509_get_subject_name(x509));
  info.issuer_common_name = CommonName(X509_get_issuer_name(x509));
  info.serial = SerialHex(x509);
  info.fingerprint = Fingerprint(x509);
  info.public_key_sha256 = PublicKeySha256(key);
  info.not_before = ToTime(X509_get0_notBefore(x509));
  info.not_after = ToTime(X509_get0_notAfter(x509));
  info.is_ca = X509_check_ca(x509) == 1;
  const uint32_t usage = X509_get_extended_key_usage(x509);
  info.client_auth = usage != UINT32_MAX && (usage & XKU_SSL_CLIENT) != 0;
  info.server_auth = usage != UINT32_MAX && (usage & XKU_SSL_SERVER) != 0;
  ReadNames(x509, info);
  return info;
}

absl::StatusOr<std::string> CreateCa(std::string_view key_pem, std::string_view common_name,
                                     const Validity& validity) {
  const auto key = ReadKey(key_pem);
  if (!key.ok()) return key.status();
  auto certificate = Blank(common_name, key->get(), validity);
  if (!certificate.ok()) return certificate.status();
  X509* const ca = certificate->get();
  Require(X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1, "X509_set_issuer_name");
  AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(ca, ca, NID_subject_key_identifier, "hash");
  return SignToPem(ca, key->get());
}

absl::StatusOr<std::string> IssueClientCertificate(const Issuer& issuer, std::string_view csr_pem,
                                                   std::string_view common_name,
                                                   const Validity& validity) {
  const auto opened = OpenIssuer(issuer);
  if (!opened.ok()) return opened.status();
  const auto csr = ReadCsr(csr_pem);
  if (!csr.ok()) return csr.status();
  auto leaf = Blank(common_name, X509_REQ_get0_pubkey(csr->get()), validity);
  if (!leaf.ok()) return leaf.status();
  FinishLeaf(leaf->get(), *opened, "clientAuth");
  return SignToPem(leaf->get(), opened->key.get());
}

absl::StatusOr<std::string> IssueServerCertificate(const Issuer& issuer, std::string_view key_pem,
                                                   const std::vector<std::string>& names,
                                                   const Validity& validity) {
  if (names.empty()) return Bad("a server certificate needs at least one name");
  const auto opened = OpenIssuer(issuer);
  if (!opened.ok()) return opened.status();
  const auto key = ReadKey(key_pem);
  if (!key.ok()) return key.status();
  auto leaf = Blank("shoumi-server", key->get(), validity);
  if (!leaf.ok()) return leaf.status();
  std::string alternatives;
  for (const std::string& name : names) {
    if (!alternatives.empty()) alternatives += ',';
    if (IsAddress(name)) {
      alternatives += "IP:" + name;
    } else if (IsDnsName(name)) {
      alternatives += "DNS:" + name;
    } else {
      return Bad(fmt::format("\"{}\" is neither a host name nor an IP address", name));
    }
  }
  FinishLeaf(leaf->get(), *opened, "serverAuth");
  AddExtension(leaf->get(), opened->certificate.get(), NID_subject_alt_name, alternatives);
  return SignToPem(leaf->get(), opened->key.get());
}

absl::Status VerifyIssuedBy(std::string_view certificate_pem, std::string_view ca_pem,
                            TimePoint time) {
  const auto certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const auto ca = ReadCertificate(ca_pem);
  if (!ca.ok()) return ca.status();
  const Owned<X509_STORE> store(X509_STORE_new());
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  Require(store && context && X509_STORE_add_cert(store.get(), ca->get()) == 1 &&
              X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), nullptr) == 1,
          "X509_STORE");
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(time));
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  ERR_clear_error();
  return absl::UnauthenticatedError(
      fmt::format("certificate does not verify: {}",
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))));
}

absl::StatusOr<bool> KeyMatches(std::string_view certificate_pem, std::string_view key_pem) {
  const auto certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const auto key = ReadKey(key_pem);
  if (!key.ok()) return key.status();
  const bool matches = X509_check_private_key(certificate->get(), key->get()) == 1;
  ERR_clear_error();
  return matches;
}

}  // namespace shoumi::crypto
