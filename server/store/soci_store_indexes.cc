#include <algorithm>

#include "absl/status/status.h"
#include "server/store/soci_store.h"

namespace shoumi::server {
namespace {

// The two tables have the same columns.
const char* TableOf(IndexKind kind) {
  return kind == IndexKind::kRegistry ? "registries" : "collections";
}

}  // namespace

absl::Status SociStore::PutIndex(IndexKind kind, const IndexRow& row) {
  return Write([&](soci::session& sql) {
    const auto version = static_cast<long long>(row.version);
    const long long imported = ToMicros(row.imported);
    const std::string head = ToBase64(row.head);
    sql << "DELETE FROM " << TableOf(kind) << " WHERE name = :name", soci::use(row.name, "name");
    sql << "INSERT INTO " << TableOf(kind)
        << " (name, version, imported_us, author, head_base64) "
           "VALUES (:name, :version, :imported, :author, :head)",
        soci::use(row.name, "name"), soci::use(version, "version"), soci::use(imported, "imported"),
        soci::use(row.author, "author"), soci::use(head, "head");
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<IndexRow>> SociStore::ListIndexes(IndexKind kind) {
  std::vector<IndexRow> rows;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    std::string name;
    std::string author;
    std::string head;
    long long version = 0;
    long long imported = 0;
    soci::statement statement =
        (sql.prepare << "SELECT name, version, imported_us, author, head_base64 FROM "
                     << TableOf(kind) << " ORDER BY name",
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

absl::Status SociStore::DeleteIndex(IndexKind kind, std::string_view name) {
  return Write([&](soci::session& sql) -> absl::Status {
    const std::string key(name);
    soci::statement statement =
        (sql.prepare << "DELETE FROM " << TableOf(kind) << " WHERE name = :name",
         soci::use(key, "name"));
    statement.execute(true);
    if (statement.get_affected_rows() > 0) return absl::OkStatus();
    return absl::NotFoundError(kind == IndexKind::kRegistry ? "no such client registry"
                                                            : "no such collection of documents");
  });
}

absl::Status SociStore::AddIndexVersion(const IndexVersion& version) {
  return Write([&](soci::session& sql) {
    const auto kind = static_cast<int>(version.kind);
    const auto number = static_cast<long long>(version.version);
    const auto size = static_cast<long long>(version.size_bytes);
    sql << "DELETE FROM index_versions WHERE kind = :kind AND name = :name AND version = :version",
        soci::use(kind, "kind"), soci::use(version.name, "name"), soci::use(number, "version");
    sql << "INSERT INTO index_versions (kind, name, version, sha256, size_bytes) "
           "VALUES (:kind, :name, :version, :sha256, :size)",
        soci::use(kind, "kind"), soci::use(version.name, "name"), soci::use(number, "version"),
        soci::use(version.sha256, "sha256"), soci::use(size, "size");
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<IndexVersion>> SociStore::ListIndexVersions() {
  std::vector<IndexVersion> versions;
  const auto status = Read([&](soci::session& sql) {
    int kind = 0;
    long long number = 0;
    long long size = 0;
    IndexVersion version;
    soci::statement statement =
        (sql.prepare << "SELECT kind, name, version, sha256, size_bytes FROM index_versions "
                        "ORDER BY version DESC, kind, name",
         soci::into(kind), soci::into(version.name), soci::into(number), soci::into(version.sha256),
         soci::into(size));
    statement.execute();
    while (statement.fetch()) {
      version.kind = static_cast<IndexKind>(kind);
      version.version = static_cast<uint64_t>(number);
      version.size_bytes = static_cast<uint64_t>(size);
      versions.push_back(version);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return versions;
}

absl::Status SociStore::DeleteIndexVersion(const IndexVersion& version) {
  return Write([&](soci::session& sql) {
    const auto kind = static_cast<int>(version.kind);
    const auto number = static_cast<long long>(version.version);
    sql << "DELETE FROM index_versions WHERE kind = :kind AND name = :name AND version = :version",
        soci::use(kind, "kind"), soci::use(version.name, "name"), soci::use(number, "version");
    return absl::OkStatus();
  });
}

absl::Status SociStore::PutDocuments(std::string_view collection, uint64_t version,
                                     const std::vector<DocumentRowData>& documents) {
  return Write([&](soci::session& sql) {
    const std::string name(collection);
    const auto of = static_cast<long long>(version);
    sql << "DELETE FROM documents WHERE collection = :name AND version = :version",
        soci::use(name, "name"), soci::use(of, "version");
    long long number = 0;
    long long units = 0;
    std::string title;
    std::string sha256;
    soci::statement statement =
        (sql.prepare << "INSERT INTO documents (collection, version, number, title, sha256, units) "
                        "VALUES (:name, :version, :number, :title, :sha256, :units)",
         soci::use(name, "name"), soci::use(of, "version"), soci::use(number, "number"),
         soci::use(title, "title"), soci::use(sha256, "sha256"), soci::use(units, "units"));
    for (const DocumentRowData& document : documents) {
      number = document.number;
      units = static_cast<long long>(document.units);
      title = document.title;
      sha256 = document.sha256;
      statement.execute(true);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<DocumentPage> SociStore::ListDocuments(std::string_view collection, uint64_t version,
                                                      uint32_t after, uint32_t limit) {
  DocumentPage page;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string name(collection);
    const auto of = static_cast<long long>(version);
    const long long from = after;
    const long long at_most = limit;
    long long total = 0;
    sql << "SELECT COUNT(*) FROM documents WHERE collection = :name AND version = :version",
        soci::use(name, "name"), soci::use(of, "version"), soci::into(total);
    page.total = static_cast<uint64_t>(total);
    long long number = 0;
    long long units = 0;
    DocumentRowData row;
    soci::statement statement =
        (sql.prepare << "SELECT number, title, sha256, units FROM documents WHERE collection = "
                        ":name AND version = :version AND number > :after ORDER BY number LIMIT "
                        ":limit",
         soci::use(name, "name"), soci::use(of, "version"), soci::use(from, "after"),
         soci::use(at_most, "limit"), soci::into(number), soci::into(row.title),
         soci::into(row.sha256), soci::into(units));
    statement.execute();
    while (statement.fetch()) {
      row.number = static_cast<uint32_t>(number);
      row.units = static_cast<uint64_t>(units);
      page.rows.push_back(row);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<uint64_t> SociStore::LastDocumentsVersion(std::string_view collection) {
  long long version = 0;
  const auto status = Read([&](soci::session& sql) {
    const std::string name(collection);
    sql << "SELECT COALESCE(MAX(version), 0) FROM documents WHERE collection = :name",
        soci::use(name, "name"), soci::into(version);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return static_cast<uint64_t>(version);
}

absl::StatusOr<DocumentRowData> SociStore::GetDocument(std::string_view collection,
                                                       uint64_t version, uint32_t number) {
  if (number == 0) return absl::NotFoundError("no such document");
  auto page = ListDocuments(collection, version, number - 1, 1);
  if (!page.ok()) return page.status();
  if (page->rows.empty() || page->rows[0].number != number) {
    return absl::NotFoundError("no such document");
  }
  return std::move(page->rows[0]);
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
