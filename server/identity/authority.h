#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/crypto/x509.h"

namespace shoumi::server {

struct AuthorityOptions {
  std::filesystem::path folder;    // ca.key, ca.pem, server.key, server.pem
  std::vector<std::string> names;  // of the server, beside host name, localhost and loopback
  int ca_days = 3650;
  int server_days = 397;
  int server_renew_days = 60;  // renewed at start when less is left
  int device_days = 90;
};

// The server's own certificate authority. Immutable after Open, thread-safe.
class CertificateAuthority {
 public:
  // Makes what is not there yet; renews the server's certificate when it is near its end, lacks a
  // name, or is not of this authority. FailedPrecondition for key files that others can read, for a
  // ca.pem without its key, and for one that is over.
  static absl::StatusOr<CertificateAuthority> Open(const AuthorityOptions& options,
                                                   const Clock& clock);

  [[nodiscard]] const std::string& ca_pem() const { return issuer_.certificate_pem; }
  [[nodiscard]] const std::string& ca_fingerprint() const { return ca_fingerprint_; }
  [[nodiscard]] const std::string& server_certificate_pem() const {
    return server_.certificate_pem;
  }
  [[nodiscard]] const std::string& server_key_pem() const { return server_.key_pem; }
  [[nodiscard]] const std::vector<std::string>& server_names() const { return names_; }

  // For the key in the request; the request's own subject is ignored.
  [[nodiscard]] absl::StatusOr<std::string> IssueDevice(std::string_view csr_pem,
                                                        std::string_view device_id,
                                                        Clock::Wall now) const;

 private:
  CertificateAuthority() = default;
  absl::Status OpenCa(const AuthorityOptions& options, Clock::Wall now);
  absl::Status OpenServer(const AuthorityOptions& options, Clock::Wall now);

  crypto::Issuer issuer_;
  crypto::Issuer server_;
  std::string ca_fingerprint_;
  std::vector<std::string> names_;
  int device_days_ = 0;
};

}  // namespace shoumi::server
