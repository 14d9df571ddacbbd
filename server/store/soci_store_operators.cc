#include "server/store/soci_store.h"

namespace shoumi::server {

absl::Status SociStore::AddOperator(const OperatorRow& row) {
  return Write([&](soci::session& sql) {
    const long long created = ToMicros(row.created);
    const long long changed = ToMicros(row.password_changed);
    const long long must_change = row.must_change_password ? 1 : 0;
    sql << "INSERT INTO operators (name, password_hash, must_change_password, created_us, "
           "password_changed_us) VALUES (:name, :hash, :must_change, :created, :changed)",
        soci::use(row.name, "name"), soci::use(row.password_hash, "hash"),
        soci::use(must_change, "must_change"), soci::use(created, "created"),
        soci::use(changed, "changed");
    return absl::OkStatus();
  });
}

absl::StatusOr<OperatorRow> SociStore::GetOperator(std::string_view name) {
  OperatorRow row;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string key(name);
    long long must_change = 0;
    long long created = 0;
    long long changed = 0;
    sql << "SELECT name, password_hash, must_change_password, created_us, password_changed_us "
           "FROM operators WHERE name = :name",
        soci::into(row.name), soci::into(row.password_hash), soci::into(must_change),
        soci::into(created), soci::into(changed), soci::use(key, "name");
    if (!sql.got_data()) return absl::NotFoundError("no such operator");
    row.must_change_password = must_change != 0;
    row.created = FromMicros(created);
    row.password_changed = FromMicros(changed);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return row;
}

absl::StatusOr<uint64_t> SociStore::CountOperators() {
  long long count = 0;
  const auto status = Read([&](soci::session& sql) {
    sql << "SELECT COUNT(*) FROM operators", soci::into(count);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return static_cast<uint64_t>(count);
}

absl::Status SociStore::DeleteOperator(std::string_view name) {
  return Write([&](soci::session& sql) {
    const std::string key(name);
    sql << "DELETE FROM operator_tokens WHERE operator_name = :name", soci::use(key, "name");
    sql << "DELETE FROM operators WHERE name = :name", soci::use(key, "name");
    return absl::OkStatus();
  });
}

absl::Status SociStore::SetPassword(std::string_view name, std::string_view password_hash,
                                    WallTime now, std::string_view keep_token_sha256) {
  return Write([&](soci::session& sql) -> absl::Status {
    const std::string key(name);
    const std::string hash(password_hash);
    const std::string keep(keep_token_sha256);
    const long long now_us = ToMicros(now);
    soci::statement update =
        (sql.prepare << "UPDATE operators SET password_hash = :hash, must_change_password = 0, "
                        "password_changed_us = :now WHERE name = :name",
         soci::use(hash, "hash"), soci::use(now_us, "now"), soci::use(key, "name"));
    update.execute(true);
    if (update.get_affected_rows() != 1) return absl::NotFoundError("no such operator");
    sql << "DELETE FROM operator_tokens WHERE operator_name = :name AND token_sha256 <> :keep",
        soci::use(key, "name"), soci::use(keep, "keep");
    return absl::OkStatus();
  });
}

absl::Status SociStore::AddOperatorToken(const OperatorTokenRow& token) {
  return Write([&](soci::session& sql) {
    const long long created = ToMicros(token.created);
    const long long expires = ToMicros(token.expires);
    sql << "INSERT INTO operator_tokens (token_sha256, operator_name, created_us, expires_us) "
           "VALUES (:token, :name, :created, :expires)",
        soci::use(token.token_sha256, "token"), soci::use(token.operator_name, "name"),
        soci::use(created, "created"), soci::use(expires, "expires");
    return absl::OkStatus();
  });
}

absl::StatusOr<OperatorTokenRow> SociStore::GetOperatorToken(std::string_view token_sha256) {
  OperatorTokenRow row;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string key(token_sha256);
    long long created = 0;
    long long expires = 0;
    sql << "SELECT token_sha256, operator_name, created_us, expires_us FROM operator_tokens "
           "WHERE token_sha256 = :token",
        soci::into(row.token_sha256), soci::into(row.operator_name), soci::into(created),
        soci::into(expires), soci::use(key, "token");
    if (!sql.got_data()) return absl::NotFoundError("no such token");
    row.created = FromMicros(created);
    row.expires = FromMicros(expires);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return row;
}

absl::Status SociStore::DeleteOperatorToken(std::string_view token_sha256) {
  return Write([&](soci::session& sql) {
    const std::string key(token_sha256);
    sql << "DELETE FROM operator_tokens WHERE token_sha256 = :token", soci::use(key, "token");
    return absl::OkStatus();
  });
}

absl::StatusOr<uint64_t> SociStore::DeleteExpiredTokens(WallTime now) {
  uint64_t gone = 0;
  const auto status = Write([&](soci::session& sql) {
    const long long now_us = ToMicros(now);
    soci::statement operators =
        (sql.prepare << "DELETE FROM operator_tokens WHERE expires_us <= :now",
         soci::use(now_us, "now"));
    operators.execute(true);
    gone += static_cast<uint64_t>(operators.get_affected_rows());
    soci::statement enrolment =
        (sql.prepare << "DELETE FROM enrolment_tokens WHERE expires_us <= :now AND used_us = 0",
         soci::use(now_us, "now"));
    enrolment.execute(true);
    gone += static_cast<uint64_t>(enrolment.get_affected_rows());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return gone;
}

}  // namespace shoumi::server
