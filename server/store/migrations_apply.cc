#include <soci/soci.h>

#include <chrono>
#include <string>

#include "fmt/format.h"
#include "server/store/migrations.h"

namespace shoumi::server {
namespace {

std::vector<std::string> Statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string statement;
  while (!sql.empty()) {
    const size_t end = sql.find('\n');
    const std::string_view line = sql.substr(0, end);
    sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 1);
    if (line.empty() || line.starts_with("--")) continue;
    statement += line;
    statement += '\n';
    if (line.ends_with(';')) {
      statements.push_back(std::move(statement));
      statement.clear();
    }
  }
  if (!statement.empty()) statements.push_back(std::move(statement));
  return statements;
}

}  // namespace

absl::Status Migrate(soci::session& sql, const std::vector<Migration>& migrations) {
  sql << "CREATE TABLE IF NOT EXISTS schema_migrations ("
         "version BIGINT NOT NULL PRIMARY KEY, applied_us BIGINT NOT NULL)";
  long long present = 0;
  sql << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", soci::into(present);
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (present > newest) {
    return absl::FailedPreconditionError(
        fmt::format("the store has schema version {}, this program knows versions up to {}: it was "
                    "written by a newer shoumi-server; install that version or a later one",
                    present, newest));
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= present) continue;
    soci::transaction transaction(sql);
    for (const std::string& statement : Statements(migration.sql)) sql << statement;
    const long long version = migration.version;
    const long long now = std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
    sql << "INSERT INTO schema_migrations (version, applied_us) VALUES (:version, :now)",
        soci::use(version, "version"), soci::use(now, "now");
    transaction.commit();
  }
  return absl::OkStatus();
}

}  // namespace shoumi::server
