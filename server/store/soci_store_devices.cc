#include "server/store/soci_store.h"

namespace shoumi::server {
namespace {

constexpr char kDeviceColumns[] =
    "device_id, hostname, machine_id, agent_version, status, enrolled_us, last_seen_us, "
    "policy_version, offered_version, policy_error, last_sequence, state_base64";

// A row while SOCI fills it.
struct DeviceBuffer {
  DeviceRow row;
  std::string status;
  std::string state;
  long long enrolled = 0;
  long long last_seen = 0;
  long long policy_version = 0;
  long long offered_version = 0;
  long long last_sequence = 0;

  void Bind(soci::statement& statement) {
    statement.exchange(soci::into(row.device_id));
    statement.exchange(soci::into(row.hostname));
    statement.exchange(soci::into(row.machine_id));
    statement.exchange(soci::into(row.agent_version));
    statement.exchange(soci::into(status));
    statement.exchange(soci::into(enrolled));
    statement.exchange(soci::into(last_seen));
    statement.exchange(soci::into(policy_version));
    statement.exchange(soci::into(offered_version));
    statement.exchange(soci::into(row.policy_error));
    statement.exchange(soci::into(last_sequence));
    statement.exchange(soci::into(state));
  }

  absl::StatusOr<DeviceRow> Take() {
    auto bytes = FromBase64(state);
    if (!bytes.ok()) return bytes.status();
    DeviceRow result = row;
    result.revoked = status == "revoked";
    result.enrolled = FromMicros(enrolled);
    result.last_seen = FromMicros(last_seen);
    result.policy_version = static_cast<uint64_t>(policy_version);
    result.offered_version = static_cast<uint64_t>(offered_version);
    result.last_sequence = static_cast<uint64_t>(last_sequence);
    result.state = std::move(*bytes);
    return result;
  }
};

void InsertCertificate(soci::session& sql, const CertificateRow& certificate) {
  const long long issued = ToMicros(certificate.issued);
  const long long expires = ToMicros(certificate.expires);
  sql << "INSERT INTO device_certificates (serial, device_id, issued_us, expires_us) "
         "VALUES (:serial, :device, :issued, :expires)",
      soci::use(certificate.serial, "serial"), soci::use(certificate.device_id, "device"),
      soci::use(issued, "issued"), soci::use(expires, "expires");
}

void InsertDevice(soci::session& sql, const DeviceRow& device) {
  const long long enrolled = ToMicros(device.enrolled);
  sql << "INSERT INTO devices (device_id, hostname, machine_id, agent_version, status, "
         "enrolled_us, revoked_us, last_seen_us, policy_version, offered_version, policy_error, "
         "last_sequence, state_base64) VALUES (:id, :hostname, :machine, :agent, 'active', "
         ":enrolled, 0, 0, 0, 0, '', 0, '')",
      soci::use(device.device_id, "id"), soci::use(device.hostname, "hostname"),
      soci::use(device.machine_id, "machine"), soci::use(device.agent_version, "agent"),
      soci::use(enrolled, "enrolled");
}

}  // namespace

absl::Status SociStore::AddEnrolmentToken(const EnrolmentTokenRow& token) {
  return Write([&](soci::session& sql) {
    const long long created = ToMicros(token.created);
    const long long expires = ToMicros(token.expires);
    sql << "INSERT INTO enrolment_tokens (token_sha256, created_us, expires_us, created_by, note, "
           "used_us, device_id) VALUES (:token, :created, :expires, :author, :note, 0, '')",
        soci::use(token.token_sha256, "token"), soci::use(created, "created"),
        soci::use(expires, "expires"), soci::use(token.created_by, "author"),
        soci::use(token.note, "note");
    return absl::OkStatus();
  });
}

absl::Status SociStore::EnrolDevice(std::string_view token_sha256, WallTime now,
                                    const DeviceRow& device, const CertificateRow& certificate) {
  return Write([&](soci::session& sql) -> absl::Status {
    const std::string token(token_sha256);
    const long long now_us = ToMicros(now);
    soci::statement consume =
        (sql.prepare << "UPDATE enrolment_tokens SET used_us = :used, device_id = :device "
                        "WHERE token_sha256 = :token AND used_us = 0 AND expires_us > :now",
         soci::use(now_us, "used"), soci::use(device.device_id, "device"),
         soci::use(token, "token"), soci::use(now_us, "now"));
    consume.execute(true);
    if (consume.get_affected_rows() != 1) {
      return absl::PermissionDeniedError("the enrolment token is unknown, used or expired");
    }
    InsertDevice(sql, device);
    InsertCertificate(sql, certificate);
    return absl::OkStatus();
  });
}

absl::Status SociStore::AddCertificate(const CertificateRow& certificate,
                                       const CertificateBound& bound) {
  return Write([&](soci::session& sql) -> absl::Status {
    const long long issued = ToMicros(certificate.issued);
    const long long since = ToMicros(bound.since);
    long long count = 0;
    sql << "SELECT COUNT(*) FROM device_certificates WHERE device_id = :device AND "
           "issued_us > :since",
        soci::use(certificate.device_id, "device"), soci::use(since, "since"), soci::into(count);
    if (count >= bound.certificates_max) {
      return absl::ResourceExhaustedError("this device has been given too many certificates");
    }
    sql << "DELETE FROM device_certificates WHERE device_id = :device AND expires_us <= :now",
        soci::use(certificate.device_id, "device"), soci::use(issued, "now");
    InsertCertificate(sql, certificate);
    return absl::OkStatus();
  });
}

absl::StatusOr<DeviceRow> SociStore::GetDevice(std::string_view device_id) {
  DeviceRow found;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string id(device_id);
    DeviceBuffer buffer;
    soci::statement statement(sql);
    buffer.Bind(statement);
    statement.exchange(soci::use(id, "id"));
    statement.alloc();
    statement.prepare(std::string("SELECT ") + kDeviceColumns +
                      " FROM devices WHERE device_id = :id");
    statement.define_and_bind();
    if (!statement.execute(true)) return absl::NotFoundError("no such device");
    auto row = buffer.Take();
    if (!row.ok()) return row.status();
    found = std::move(*row);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return found;
}

absl::StatusOr<std::vector<DeviceRow>> SociStore::ListDevices(std::string_view after,
                                                              uint32_t limit) {
  std::vector<DeviceRow> rows;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string from(after);
    const long long limit_value = limit;
    DeviceBuffer buffer;
    soci::statement statement(sql);
    buffer.Bind(statement);
    statement.exchange(soci::use(from, "after"));
    statement.exchange(soci::use(limit_value, "max"));
    statement.alloc();
    statement.prepare(std::string("SELECT ") + kDeviceColumns +
                      " FROM devices WHERE device_id > :after ORDER BY device_id LIMIT :max");
    statement.define_and_bind();
    statement.execute();
    while (statement.fetch()) {
      auto row = buffer.Take();
      if (!row.ok()) return row.status();
      rows.push_back(std::move(*row));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::Status SociStore::RevokeDevice(std::string_view device_id, WallTime now) {
  return Write([&](soci::session& sql) -> absl::Status {
    const std::string id(device_id);
    const long long now_us = ToMicros(now);
    soci::statement revoke = (sql.prepare << "UPDATE devices SET status = 'revoked', revoked_us = "
                                             "CASE WHEN revoked_us = 0 THEN :now ELSE revoked_us "
                                             "END WHERE device_id = :id",
                              soci::use(now_us, "now"), soci::use(id, "id"));
    revoke.execute(true);
    if (revoke.get_affected_rows() != 1) return absl::NotFoundError("no such device");
    return absl::OkStatus();
  });
}

absl::Status SociStore::UpdateDevices(const std::vector<DeviceReport>& reports) {
  return Write([&](soci::session& sql) {
    for (const DeviceReport& report : reports) {
      const long long seen = ToMicros(report.last_seen);
      const auto version = static_cast<long long>(report.policy_version);
      const auto offered = static_cast<long long>(report.offered_version);
      const std::string state = ToBase64(report.state);
      sql << "UPDATE devices SET hostname = :hostname, agent_version = :agent, last_seen_us = "
             ":seen, policy_version = :version, offered_version = :offered, policy_error = :error, "
             "state_base64 = :state WHERE device_id = :id",
          soci::use(report.hostname, "hostname"), soci::use(report.agent_version, "agent"),
          soci::use(seen, "seen"), soci::use(version, "version"), soci::use(offered, "offered"),
          soci::use(report.policy_error, "error"), soci::use(state, "state"),
          soci::use(report.device_id, "id");
    }
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
