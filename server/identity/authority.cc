#include "server/identity/authority.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>

#include "common/fd.h"
#include "fmt/format.h"
#include "server/identity/key_file.h"

namespace shoumi::server {
namespace {

using std::chrono::hours;

constexpr size_t kCertificateBytesMax = 64 * 1024;
// A workstation whose clock is a little behind must still accept a fresh certificate.
constexpr hours kBackdated{1};

crypto::Validity Days(Clock::Wall now, int days) {
  return {now - kBackdated, now + hours(24) * days};
}

std::vector<std::string> AllNames(const std::vector<std::string>& extra) {
  char host[256] = {};
  std::vector<std::string> names;
  if (gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') names.emplace_back(host);
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) names.emplace_back(own);
  names.insert(names.end(), extra.begin(), extra.end());
  std::vector<std::string> unique;
  for (std::string& name : names) {
    // One spelling for each address, as the certificate gives it back.
    in6_addr binary{};
    char text[INET6_ADDRSTRLEN] = {};
    if (inet_pton(AF_INET6, name.c_str(), &binary) == 1) {
      name = inet_ntop(AF_INET6, &binary, text, sizeof text);
    }
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) unique.push_back(name);
  }
  return unique;
}

bool HasNames(const crypto::CertificateInfo& info, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::count(info.dns_names.begin(), info.dns_names.end(), name) > 0 ||
           std::count(info.addresses.begin(), info.addresses.end(), name) > 0;
  });
}

// Empty when the file is absent.
absl::StatusOr<std::string> ReadOptional(const std::filesystem::path& path) {
  auto bytes = ReadFile(path, kCertificateBytesMax);
  if (bytes.status().code() == absl::StatusCode::kNotFound) return std::string();
  return bytes;
}

absl::StatusOr<std::string> ReadOrMakeKey(const std::filesystem::path& path) {
  auto key = ReadKeyFile(path);
  if (key.status().code() != absl::StatusCode::kNotFound) return key;
  std::string fresh = crypto::NewEcKeyPem();
  if (auto status = WriteKeyFile(path, fresh); !status.ok()) return status;
  return fresh;
}

absl::Status Damaged(const std::filesystem::path& path, const absl::Status& status) {
  return absl::FailedPreconditionError(fmt::format("{} is damaged ({}); restore it from the backup",
                                                   path.string(), std::string(status.message())));
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Open(const AuthorityOptions& options,
                                                                const Clock& clock) {
  CertificateAuthority authority;
  authority.device_days_ = options.device_days;
  authority.names_ = AllNames(options.names);
  const Clock::Wall now = clock.WallNow();
  if (auto status = authority.OpenCa(options, now); !status.ok()) return status;
  if (auto status = authority.OpenServer(options, now); !status.ok()) return status;
  return authority;
}

absl::Status CertificateAuthority::OpenCa(const AuthorityOptions& options, Clock::Wall now) {
  const auto key_path = options.folder / "ca.key";
  const auto certificate_path = options.folder / "ca.pem";
  auto certificate = ReadOptional(certificate_path);
  if (!certificate.ok()) return certificate.status();
  if (!certificate->empty()) {
    const auto key = ReadKeyFile(key_path);
    if (key.status().code() == absl::StatusCode::kNotFound) {
      return absl::FailedPreconditionError(
          fmt::format("{} is there but its key {} is not; restore it from the backup",
                      certificate_path.string(), key_path.string()));
    }
    if (!key.ok()) return key.status();
    issuer_ = {*certificate, *key};
    if (const auto info = crypto::ParseCertificate(*certificate); !info.ok()) {
      return Damaged(certificate_path, info.status());
    }
    const auto matches = crypto::KeyMatches(*certificate, *key);
    if (!matches.ok()) return Damaged(key_path, matches.status());
    if (!*matches) {
      return absl::FailedPreconditionError(
          fmt::format("{} is not the key of {}", key_path.string(), certificate_path.string()));
    }
  } else {
    // The key goes to disk first: a crash in between leaves a key that the next start uses.
    auto key = ReadOrMakeKey(key_path);
    if (!key.ok()) return key.status();
    auto made = crypto::CreateCa(*key, "Shoumi CA", Days(now, options.ca_days));
    if (!made.ok()) return made.status();
    if (auto status = ReplaceFile(certificate_path, *made, 0644); !status.ok()) return status;
    issuer_ = {std::move(*made), std::move(*key)};
  }
  const auto info = crypto::ParseCertificate(issuer_.certificate_pem);
  if (!info.ok()) return info.status();
  if (!info->is_ca || info->not_after <= now) {
    return absl::FailedPreconditionError(
        fmt::format("{} is not a valid certificate authority any more", certificate_path.string()));
  }
  ca_fingerprint_ = info->fingerprint;
  return absl::OkStatus();
}

absl::Status CertificateAuthority::OpenServer(const AuthorityOptions& options, Clock::Wall now) {
  const auto key_path = options.folder / "server.key";
  auto key = ReadOrMakeKey(key_path);
  if (!key.ok()) return key.status();
  if (const auto csr = crypto::CreateCsr(*key, "any"); !csr.ok()) {
    return Damaged(key_path, csr.status());
  }
  const auto path = options.folder / "server.pem";
  auto certificate = ReadOptional(path);
  if (!certificate.ok()) return certificate.status();
  server_ = {*certificate, *key};
  const auto info = crypto::ParseCertificate(*certificate);
  const bool keep = info.ok() && crypto::KeyMatches(*certificate, *key).value_or(false) &&
                    crypto::VerifyIssuedBy(*certificate, issuer_.certificate_pem, now).ok() &&
                    HasNames(*info, names_) &&
                    info->not_after > now + hours(24) * options.server_renew_days;
  if (keep) return absl::OkStatus();
  auto made = crypto::IssueServerCertificate(issuer_, *key, names_, Days(now, options.server_days));
  if (!made.ok()) return made.status();
  server_.certificate_pem = *made;
  return ReplaceFile(path, *made, 0644);
}

absl::StatusOr<std::string> CertificateAuthority::IssueDevice(std::string_view csr_pem,
                                                              std::string_view device_id,
                                                              Clock::Wall now) const {
  return crypto::IssueClientCertificate(issuer_, csr_pem, device_id, Days(now, device_days_));
}

}  // namespace shoumi::server
