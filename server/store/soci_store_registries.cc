#include <algorithm>

#include "absl/status/status.h"
#include "server/store/soci_store.h"

namespace shoumi::server {

absl::Status SociStore::PutRegistry(const RegistryRow& row) {
  return Write([&](soci::session& sql) {
    const auto version = static_cast<long long>(row.version);
    const long long imported = ToMicros(row.imported);
    const std::string head = ToBase64(row.head);
    sql << "DELETE FROM registries WHERE name = :name", soci::use(row.name, "name");
    sql << "INSERT INTO registries (name, version, imported_us, author, head_base64) "
           "VALUES (:name, :version, :imported, :author, :head)",
        soci::use(row.name, "name"), soci::use(version, "version"), soci::use(imported, "imported"),
        soci::use(row.author, "author"), soci::use(head, "head");
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<RegistryRow>> SociStore::ListRegistries() {
  std::vector<RegistryRow> rows;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    std::string name;
    std::string author;
    std::string head;
    long long version = 0;
    long long imported = 0;
    soci::statement statement =
        (sql.prepare << "SELECT name, version, imported_us, author, head_base64 FROM registries "
                        "ORDER BY name",
         soci::into(name), soci::into(version), soci::into(imported), soci::into(author),
         soci::into(head));
    statement.execute();
    while (statement.fetch()) {
      auto bytes = FromBase64(head);
      if (!bytes.ok()) return bytes.status();
      rows.push_back(
          {name, static_cast<uint64_t>(version), FromMicros(imported), author, *std::move(bytes)});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::Status SociStore::DeleteRegistry(std::string_view name) {
  return Write([&](soci::session& sql) -> absl::Status {
    const std::string key(name);
    soci::statement statement =
        (sql.prepare << "DELETE FROM registries WHERE name = :name", soci::use(key, "name"));
    statement.execute(true);
    if (statement.get_affected_rows() == 0) return absl::NotFoundError("no such client registry");
    return absl::OkStatus();
  });
}

absl::Status SociStore::AddBlobPiece(std::string_view sha256, uint64_t number,
                                     std::string_view piece) {
  return Write([&](soci::session& sql) {
    const std::string key(sha256);
    const auto place = static_cast<long long>(number);
    const std::string body = ToBase64(piece);
    sql << "DELETE FROM blob_pieces WHERE sha256 = :key AND number = :number",
        soci::use(key, "key"), soci::use(place, "number");
    sql << "INSERT INTO blob_pieces (sha256, number, piece_base64) VALUES (:key, :number, :body)",
        soci::use(key, "key"), soci::use(place, "number"), soci::use(body, "body");
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> SociStore::GetBlobPiece(std::string_view sha256, uint64_t number) {
  std::string body;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string key(sha256);
    const auto place = static_cast<long long>(number);
    sql << "SELECT piece_base64 FROM blob_pieces WHERE sha256 = :key AND number = :number",
        soci::use(key, "key"), soci::use(place, "number"), soci::into(body);
    return sql.got_data() ? absl::OkStatus() : absl::NotFoundError("no such blob");
  });
  if (!status.ok()) return status;
  return FromBase64(body);
}

absl::Status SociStore::DeleteBlobsBut(const std::vector<std::string>& kept) {
  return Write([&](soci::session& sql) -> absl::Status {
    std::vector<std::string> gone;
    std::string sha256;
    {
      soci::statement statement =
          (sql.prepare << "SELECT DISTINCT sha256 FROM blob_pieces", soci::into(sha256));
      statement.execute();
      while (statement.fetch()) {
        if (std::find(kept.begin(), kept.end(), sha256) == kept.end()) gone.push_back(sha256);
      }
    }
    for (const std::string& key : gone) {
      sql << "DELETE FROM blob_pieces WHERE sha256 = :key", soci::use(key, "key");
    }
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
