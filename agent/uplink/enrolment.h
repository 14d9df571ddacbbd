#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// What enrolment leaves in the state folder: device.key (0600), device.pem, ca.pem, policy.pub
// (hex of the raw Ed25519 key) and, written last, enrolment (server and device id).
namespace shoumi::agent {

struct Enrolment {
  std::string server;  // host:port
  std::string device_id;
  std::string ca_pem;  // pinned: the only issuer the server is believed from
  std::string certificate_pem;
  std::string key_pem;
  std::string policy_public_key;  // pinned, raw 32 bytes
};

// NotFound when this workstation is not enrolled.
absl::StatusOr<Enrolment> LoadEnrolment(const std::string& state_dir);
absl::Status SaveEnrolment(const std::string& state_dir, const Enrolment& enrolment);
absl::Status SaveCertificate(const std::string& state_dir, std::string_view certificate_pem);

struct EnrolOptions {
  std::string server;
  std::string ca_file;
  std::string token_file;
  std::string state_dir;
  std::string agent_version;
  bool force = false;
};

// Makes a key on this machine, asks the server for a certificate with the one-time token, and saves
// the enrolment. AlreadyExists when there is one and `force` is not set.
absl::StatusOr<Enrolment> Enrol(const EnrolOptions& options);

}  // namespace shoumi::agent
