#include "server/identity/devices.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/crypto/crypto.h"
#include "common/ids.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenTextBytesMax = 128;
constexpr size_t kHostnameBytesMax = 253;  // RFC 1035, 2.3.4
constexpr size_t kVersionBytesMax = 64;

bool Printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

absl::Status Check(const EnrolmentRequest& request) {
  if (request.token.empty() || request.token.size() > kTokenTextBytesMax) {
    return absl::InvalidArgumentError("an enrolment token is needed");
  }
  if (auto status = CheckHostname(request.hostname); !status.ok()) return status;
  if (request.machine_id.size() != 64 || !crypto::FromHex(request.machine_id).ok()) {
    return absl::InvalidArgumentError("machine_id must be a SHA-256 in hex");
  }
  if (request.agent_version.size() > kVersionBytesMax || !Printable(request.agent_version)) {
    return absl::InvalidArgumentError("agent_version must have at most 64 printable characters");
  }
  return crypto::ParseCsr(request.csr_pem).status();
}

}  // namespace

absl::Status CheckHostname(std::string_view hostname) {
  if (hostname.empty() || hostname.size() > kHostnameBytesMax || !Printable(hostname)) {
    return absl::InvalidArgumentError("hostname must have 1 to 253 printable ASCII characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<NewToken> DeviceIdentity::CreateToken(std::chrono::seconds valid,
                                                     std::string_view note,
                                                     std::string_view author) {
  if (valid.count() == 0) valid = kTokenValidDefault;
  if (valid < kTokenValidMin || valid > kTokenValidMax) {
    return absl::InvalidArgumentError(
        fmt::format("an enrolment token is valid for {} to {} seconds", kTokenValidMin.count(),
                    kTokenValidMax.count()));
  }
  if (note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("the note must have at most {} bytes", kNoteBytesMax));
  }
  NewToken result;
  result.token = crypto::ToBase64Url(crypto::RandomBytes(kTokenBytes));
  EnrolmentTokenRow row;
  row.token_sha256 = crypto::Sha256Hex(result.token);
  row.created = clock_.WallNow();
  row.expires = row.created + valid;
  row.created_by = author;
  row.note = note;
  result.expires = row.expires;
  if (auto status = store_.AddEnrolmentToken(row); !status.ok()) return status;
  return result;
}

absl::StatusOr<Enrolled> DeviceIdentity::Enrol(const EnrolmentRequest& request) {
  if (auto status = Check(request); !status.ok()) return status;
  Enrolled enrolled;
  enrolled.device_id = NewUuid();
  const Clock::Wall now = clock_.WallNow();
  auto certificate = authority_.IssueDevice(request.csr_pem, enrolled.device_id, now);
  if (!certificate.ok()) return certificate.status();
  const auto info = crypto::ParseCertificate(*certificate);
  if (!info.ok()) return info.status();
  DeviceRow device;
  device.device_id = enrolled.device_id;
  device.hostname = request.hostname;
  device.machine_id = request.machine_id;
  device.agent_version = request.agent_version;
  device.enrolled = now;
  const CertificateRow row{info->serial, enrolled.device_id, now, info->not_after};
  if (auto status = store_.EnrolDevice(crypto::Sha256Hex(request.token), now, device, row);
      !status.ok()) {
    return status;
  }
  enrolled.certificate_pem = std::move(*certificate);
  return enrolled;
}

absl::StatusOr<std::string> DeviceIdentity::Renew(std::string_view device_id,
                                                  std::string_view csr_pem) {
  const Clock::Wall now = clock_.WallNow();
  auto certificate = authority_.IssueDevice(csr_pem, device_id, now);
  if (!certificate.ok()) return certificate.status();
  const auto info = crypto::ParseCertificate(*certificate);
  if (!info.ok()) return info.status();
  const CertificateRow row{info->serial, std::string(device_id), now, info->not_after};
  const auto status =
      store_.AddCertificate(row, {now - std::chrono::hours(24), kCertificatesPerDayMax});
  if (absl::IsResourceExhausted(status)) ++renewals_refused_;
  if (!status.ok()) return status;
  ++renewals_;
  return certificate;
}

absl::StatusOr<AuthenticatedDevice> DeviceIdentity::Authenticate(std::string_view certificate_pem) {
  const auto info = crypto::ParseCertificate(certificate_pem);
  if (!info.ok() || !info->client_auth || info->common_name.empty()) {
    return absl::UnauthenticatedError("a device certificate of this server is needed");
  }
  const Clock::Wall now = clock_.WallNow();
  if (now >= info->not_after) {
    return absl::UnauthenticatedError("the device certificate is over; enrol again");
  }
  auto device = store_.GetDevice(info->common_name);
  if (device.status().code() == absl::StatusCode::kNotFound) {
    return absl::PermissionDeniedError("this device is not enrolled here");
  }
  if (!device.ok()) return device.status();
  if (device->revoked) return absl::PermissionDeniedError("this device is revoked");
  return AuthenticatedDevice{std::move(*device), info->not_after};
}

absl::Status DeviceIdentity::Revoke(std::string_view device_id) {
  return store_.RevokeDevice(device_id, clock_.WallNow());
}

}  // namespace shoumi::server
