#include "agent/uplink/enrolment.h"

#include <filesystem>

#include "common/crypto/crypto.h"
#include "common/crypto/x509.h"
#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

constexpr size_t kFileBytesMax = 64 * 1024;
constexpr char kMark[] = "enrolment";

// Value of "key: value" in a file of such lines.
std::string ValueOf(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key) && line.substr(key.size()).starts_with(": ")) {
      return std::string(line.substr(key.size() + 2));
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return "";
}

}  // namespace

absl::StatusOr<Enrolment> LoadEnrolment(const std::string& state_dir) {
  const std::filesystem::path folder(state_dir);
  const auto mark = ReadFile(folder / kMark, kFileBytesMax);
  if (!mark.ok()) return mark.status();
  Enrolment enrolment;
  enrolment.server = ValueOf(*mark, "server");
  enrolment.device_id = ValueOf(*mark, "device_id");
  if (enrolment.server.empty() || enrolment.device_id.empty()) {
    return absl::DataLossError(
        fmt::format("{}: no server or device id", (folder / kMark).string()));
  }
  std::string public_key_hex;
  const std::pair<const char*, std::string*> files[] = {{"ca.pem", &enrolment.ca_pem},
                                                        {"device.pem", &enrolment.certificate_pem},
                                                        {"device.key", &enrolment.key_pem},
                                                        {"policy.pub", &public_key_hex}};
  for (const auto& [name, target] : files) {
    auto bytes = ReadFile(folder / name, kFileBytesMax);
    // NotFound would say that the workstation is not enrolled at all.
    if (!bytes.ok()) return absl::DataLossError(std::string(bytes.status().message()));
    *target = *std::move(bytes);
  }
  while (public_key_hex.ends_with('\n')) public_key_hex.pop_back();
  auto public_key = crypto::FromHex(public_key_hex);
  if (!public_key.ok() || public_key->size() != 32) {
    return absl::DataLossError("policy.pub: not an Ed25519 key");
  }
  enrolment.policy_public_key = *std::move(public_key);
  const auto matches = crypto::KeyMatches(enrolment.certificate_pem, enrolment.key_pem);
  if (!matches.ok()) return absl::DataLossError(std::string(matches.status().message()));
  if (!*matches) return absl::DataLossError("device.pem is not for device.key");
  return enrolment;
}

absl::Status SaveEnrolment(const std::string& state_dir, const Enrolment& enrolment) {
  const std::filesystem::path folder(state_dir);
  if (auto status = MakeFolders(folder, 0700); !status.ok()) return status;
  const std::string mark =
      fmt::format("device_id: {}\nserver: {}\n", enrolment.device_id, enrolment.server);
  const struct {
    const char* name;
    std::string bytes;
    uint32_t mode;
  } files[] = {{"device.key", enrolment.key_pem, 0600},
               {"device.pem", enrolment.certificate_pem, 0644},
               {"ca.pem", enrolment.ca_pem, 0644},
               {"policy.pub", crypto::ToHex(enrolment.policy_public_key) + "\n", 0644},
               {kMark, mark, 0644}};
  for (const auto& file : files) {
    if (auto status = ReplaceFile(folder / file.name, file.bytes, file.mode); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status SaveCertificate(const std::string& state_dir, std::string_view certificate_pem) {
  return ReplaceFile(std::filesystem::path(state_dir) / "device.pem", certificate_pem, 0644);
}

}  // namespace shoumi::agent
