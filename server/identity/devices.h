#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "server/identity/authority.h"
#include "server/store/store.h"

namespace shoumi::server {

// What a device may call itself: people read it in lists and in the log.
absl::Status CheckHostname(std::string_view hostname);

struct EnrolmentRequest {
  std::string_view token;
  std::string_view csr_pem;
  std::string_view hostname;
  std::string_view machine_id;  // 64 hex digits
  std::string_view agent_version;
};
struct Enrolled {
  std::string device_id;
  std::string certificate_pem;
};
struct AuthenticatedDevice {
  DeviceRow row;
  Clock::Wall certificate_expires;
};
struct NewToken {
  std::string token;  // the only time it is seen in clear
  Clock::Wall expires;
};

// Who may speak as which device. Thread-safe; blocks on the store.
class DeviceIdentity {
 public:
  static constexpr std::chrono::seconds kTokenValidMin{60};
  static constexpr std::chrono::seconds kTokenValidMax{604'800};
  static constexpr std::chrono::seconds kTokenValidDefault{3600};
  static constexpr size_t kNoteBytesMax = 256;
  static constexpr uint32_t kCertificatesPerDayMax = 24;  // of one device, enrolment included

  // All outlive the object.
  DeviceIdentity(const CertificateAuthority& authority, Store& store, const Clock& clock)
      : authority_(authority), store_(store), clock_(clock) {}

  // `valid` of 0 is the default; outside the bounds is InvalidArgument.
  absl::StatusOr<NewToken> CreateToken(std::chrono::seconds valid, std::string_view note,
                                       std::string_view author);

  // A bad request is InvalidArgument and leaves the token usable.
  absl::StatusOr<Enrolled> Enrol(const EnrolmentRequest& request);

  // A fresh certificate for a device that showed a valid one. ResourceExhausted beyond
  // kCertificatesPerDayMax.
  absl::StatusOr<std::string> Renew(std::string_view device_id, std::string_view csr_pem);

  // The device that holds this certificate, which TLS has already verified. Unauthenticated when it
  // is no device's certificate, PermissionDenied when the device is revoked or unknown.
  absl::StatusOr<AuthenticatedDevice> Authenticate(std::string_view certificate_pem);

  absl::Status Revoke(std::string_view device_id);

  [[nodiscard]] uint64_t renewals() const { return renewals_; }
  [[nodiscard]] uint64_t renewals_refused() const { return renewals_refused_; }

 private:
  const CertificateAuthority& authority_;
  Store& store_;
  const Clock& clock_;
  std::atomic<uint64_t> renewals_ = 0;
  std::atomic<uint64_t> renewals_refused_ = 0;
};

}  // namespace shoumi::server
