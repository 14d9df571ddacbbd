#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// X.509 version 3 certificates (RFC 5280) and certificate signing requests (RFC 2986), all on EC
// P-256 with SHA-256. Keys, requests and certificates are PEM text; "fingerprint" is the SHA-256 of
// the DER form as 64 lower-case hex digits. All functions are thread-safe and keep no state.
// Input that is no PEM, another key type, or a signature that does not verify is InvalidArgument.
namespace shoumi::crypto {

// Longest PEM text that is parsed; longer is refused before OpenSSL sees it.
inline constexpr size_t kPemBytesMax = 64 * 1024;

// A fresh private key, PKCS#8 "PRIVATE KEY" PEM. Secret: store with mode 0600, never log.
std::string NewEcKeyPem();

// `common_name` becomes the subject's CN. An issuer may ignore it.
absl::StatusOr<std::string> CreateCsr(std::string_view key_pem, std::string_view common_name);

struct CsrInfo {
  std::string common_name;
  std::string public_key_sha256;  // hex, of the DER SubjectPublicKeyInfo
};
// Also verifies the request's own signature (proof of possession of the key).
absl::StatusOr<CsrInfo> ParseCsr(std::string_view csr_pem);

struct CertificateInfo {
  std::string common_name;
  std::string issuer_common_name;
  std::string serial;             // hex, lower case
  std::string fingerprint;        // SHA-256 of the DER form, hex
  std::string public_key_sha256;  // hex, of the DER SubjectPublicKeyInfo
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
  bool is_ca = false;
  bool client_auth = false;  // extended key usage
  bool server_auth = false;
  std::vector<std::string> dns_names;  // subject alternative names
  std::vector<std::string> addresses;  // the same, IP literals
};
// The first certificate of `pem`.
absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem);

struct Validity {
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};

// Self-signed; basicConstraints CA:TRUE pathlen 0, keyCertSign and cRLSign, all critical.
absl::StatusOr<std::string> CreateCa(std::string_view key_pem, std::string_view common_name,
                                     const Validity& validity);

struct Issuer {
  std::string certificate_pem;
  std::string key_pem;
};

// Leaf for a workstation: subject CN = `common_name` whatever the request says, clientAuth only.
absl::StatusOr<std::string> IssueClientCertificate(const Issuer& issuer, std::string_view csr_pem,
                                                   std::string_view common_name,
                                                   const Validity& validity);

// Leaf for a server: serverAuth only, one subject alternative name for each of `names` (IP
// literals become iPAddress, everything else dNSName).
absl::StatusOr<std::string> IssueServerCertificate(const Issuer& issuer, std::string_view key_pem,
                                                   const std::vector<std::string>& names,
                                                   const Validity& validity);

// OK when `certificate_pem` was signed by `ca_pem` and both are valid at `time`.
absl::Status VerifyIssuedBy(std::string_view certificate_pem, std::string_view ca_pem,
                            std::chrono::system_clock::time_point time);

// Whether the certificate is for this private key.
absl::StatusOr<bool> KeyMatches(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace shoumi::crypto
