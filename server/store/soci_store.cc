#include "server/store/soci_store.h"

#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "server/store/migrations.h"

namespace shoumi::server {
namespace {

constexpr int kBusySecondsMax = 10;

// Changes nothing. SQLite waits for the lock of another process only where the transaction begins
// with a write; one that has read before fails at once.
constexpr char kTakeWriteLock[] = "UPDATE counters SET value = value WHERE 1 = 0";

// The text of a SOCI error can repeat bound values, so only SQLite's own result name goes out.
absl::Status FromError(const soci::soci_error& error) {
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    const int code = sqlite->result();
    const std::string text = fmt::format("store: {}", sqlite_api::sqlite3_errstr(code));
    switch (code & 0xff) {
      case SQLITE_FULL:
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_IOERR:
        return absl::UnavailableError(text);
      case SQLITE_CONSTRAINT:
        return absl::AlreadyExistsError(text);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return absl::DataLossError(text);
      default:
        return absl::InternalError(text);
    }
  }
  switch (error.get_error_category()) {
    case soci::soci_error::connection_error:
      return absl::UnavailableError("store: connection lost");
    case soci::soci_error::constraint_violation:
      return absl::AlreadyExistsError("store: constraint failed");
    default:
      return absl::InternalError("store: query failed");
  }
}

}  // namespace

std::string ToBase64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}

absl::StatusOr<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape({text.data(), text.size()}, &bytes)) {
    return absl::DataLossError("store: a stored message is not base64");
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<Store>> SociStore::Open(const Connect& connect,
                                                       WriteObserver observer) {
  try {
    std::unique_ptr<SociStore> store(new SociStore(std::move(observer)));
    connect(store->writer_);
    if (auto status = Migrate(store->writer_, Migrations()); !status.ok()) return status;
    for (size_t i = 0; i < kReaders; ++i) {
      auto reader = std::make_unique<soci::session>();
      connect(*reader);
      store->free_readers_.push_back(std::move(reader));
    }
    return store;
  } catch (const soci::soci_error& error) {
    return FromError(error);
  }
}

absl::Status SociStore::Write(const std::function<absl::Status(soci::session&)>& work) {
  const auto start = std::chrono::steady_clock::now();
  absl::Status status;
  {
    const std::lock_guard lock(write_mutex_);
    try {
      soci::transaction transaction(writer_);
      writer_ << kTakeWriteLock;
      status = work(writer_);
      if (status.ok()) transaction.commit();
    } catch (const soci::soci_error& error) {
      status = FromError(error);
    }
  }
  if (observer_) observer_(std::chrono::steady_clock::now() - start);
  return status;
}

absl::Status SociStore::Read(const std::function<absl::Status(soci::session&)>& work) {
  std::unique_ptr<soci::session> reader;
  {
    std::unique_lock lock(read_mutex_);
    reader_free_.wait(lock, [&] { return !free_readers_.empty(); });
    reader = std::move(free_readers_.back());
    free_readers_.pop_back();
  }
  absl::Status status;
  try {
    status = work(*reader);
  } catch (const soci::soci_error& error) {
    status = FromError(error);
  }
  {
    const std::lock_guard lock(read_mutex_);
    free_readers_.push_back(std::move(reader));
  }
  reader_free_.notify_one();
  return status;
}

absl::Status SociStore::AddBundle(const BundleRow& bundle) {
  return Write([&](soci::session& sql) {
    const auto version = static_cast<long long>(bundle.version);
    const long long created = ToMicros(bundle.created);
    const std::string body = ToBase64(bundle.signed_bytes);
    sql << "INSERT INTO policy_bundles (version, created_us, author, sha256, signed_base64) "
           "VALUES (:version, :created, :author, :sha256, :body)",
        soci::use(version, "version"), soci::use(created, "created"),
        soci::use(bundle.author, "author"), soci::use(bundle.sha256, "sha256"),
        soci::use(body, "body");
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<BundleRow>> SociStore::LatestBundle() {
  std::optional<BundleRow> found;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    long long version = 0;
    long long created = 0;
    BundleRow row;
    std::string body;
    sql << "SELECT version, created_us, author, sha256, signed_base64 FROM policy_bundles "
           "ORDER BY version DESC LIMIT 1",
        soci::into(version), soci::into(created), soci::into(row.author), soci::into(row.sha256),
        soci::into(body);
    if (!sql.got_data()) return absl::OkStatus();
    auto bytes = FromBase64(body);
    if (!bytes.ok()) return bytes.status();
    row.version = static_cast<uint64_t>(version);
    row.created = FromMicros(created);
    row.signed_bytes = std::move(*bytes);
    found = std::move(row);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return found;
}

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path,
                                                       WriteObserver observer) {
  if (path.find('"') != std::string::npos) {
    return absl::InvalidArgumentError("the path of the store must not hold a quotation mark");
  }
  // The file holds password hashes and incidents: nobody but the owner reads it, nor its WAL, which
  // SQLite gives the same mode.
  const mode_t before = umask(0077);
  auto store = SociStore::Open(
      [&](soci::session& sql) {
        sql.open(soci::sqlite3, fmt::format("dbname=\"{}\" timeout={}", path, kBusySecondsMax));
        sql << "PRAGMA journal_mode = WAL";
        sql << "PRAGMA synchronous = FULL";
        sql << "PRAGMA foreign_keys = ON";
      },
      std::move(observer));
  umask(before);
  return store;
}

}  // namespace shoumi::server
