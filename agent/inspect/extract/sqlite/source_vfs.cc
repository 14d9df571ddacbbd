#include "agent/inspect/extract/sqlite/source_vfs.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr const char* kVfsName = "shoumi-source";
constexpr int kStepsBetweenLooks = 10'000;  // of the library's virtual machine
constexpr int kExpressionDepthMax = 100;
constexpr int kColumnsMax = 2000;
constexpr int kSqlBytesMax = 1 << 20;

// What the library opens next; the worker has one thread.
Source* g_next = nullptr;

// The library gives the memory, and knows the first member only.
struct File {
  sqlite3_file base;
  Source* source;
};

Source& Of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->source;
}

int Close(sqlite3_file*) {
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
  const std::span<char> room(static_cast<char*>(out), static_cast<size_t>(bytes));
  const absl::StatusOr<size_t> got = Of(file).ReadAt(static_cast<uint64_t>(offset), room);
  if (!got.ok()) return SQLITE_IOERR_READ;
  if (*got == room.size()) return SQLITE_OK;
  std::memset(room.data() + *got, 0, room.size() - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file*, const void*, int, sqlite3_int64) {
  return SQLITE_READONLY;
}

int Truncate(sqlite3_file*, sqlite3_int64) {
  return SQLITE_READONLY;
}

int Nothing(sqlite3_file*, int) {
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(file).size());
  return SQLITE_OK;
}

int NotReserved(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}

int Control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}

int SectorSize(sqlite3_file*) {
  return 4096;
}

int Characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_IMMUTABLE;
}

const sqlite3_io_methods kMethods = {
    1,       Close,   Read,        Write,   Truncate,   Nothing,         FileSize,
    Nothing, Nothing, NotReserved, Control, SectorSize, Characteristics, nullptr,
    nullptr, nullptr, nullptr,     nullptr, nullptr,
};

int OpenFile(sqlite3_vfs*, const char*, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (g_next == nullptr || (flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
  reinterpret_cast<File*>(file)->source = g_next;
  file->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char*, int) {
  return SQLITE_READONLY;
}

int Access(sqlite3_vfs*, const char*, int, int* there) {
  *there = 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int bytes, char* out) {
  std::memset(out, 0, static_cast<size_t>(bytes));
  return bytes;
}

int Sleep(sqlite3_vfs*, int) {
  return 0;
}

int CurrentTime(sqlite3_vfs*, double* day) {
  *day = 0;
  return SQLITE_OK;
}

sqlite3_vfs* SourceVfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made{};
    made.iVersion = 1;
    made.szOsFile = sizeof(File);
    made.mxPathname = 64;
    made.zName = kVfsName;
    made.xOpen = OpenFile;
    made.xDelete = Delete;
    made.xAccess = Access;
    made.xFullPathname = FullPathname;
    made.xRandomness = Randomness;
    made.xSleep = Sleep;
    made.xCurrentTime = CurrentTime;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 1);  // the other would look for files
  return registered == SQLITE_OK ? &vfs : nullptr;
}

int OutOfTime(void* context) {
  return static_cast<Context*>(context)->InTime("") ? 0 : 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SourceDatabase>> SourceDatabase::Open(Source& source,
                                                                     Context& context) {
  if (SourceVfs() == nullptr) return absl::InternalError("sqlite: no file system");
  std::unique_ptr<SourceDatabase> database(new SourceDatabase(context));
  g_next = &source;
  const int opened = sqlite3_open_v2(
      "file:content?immutable=1", &database->database_,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      kVfsName);
  absl::Status status = opened == SQLITE_OK ? database->Prepare() : database->Failure();
  // The file is opened by the first statement at the latest.
  g_next = nullptr;
  if (!status.ok()) return status;
  return database;
}

absl::Status SourceDatabase::Prepare() {
  for (const auto& [what, on] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                 {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                 {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                 {SQLITE_DBCONFIG_ENABLE_VIEW, 0}}) {
    sqlite3_db_config(database_, what, on, nullptr);
  }
  const auto bytes_max =
      static_cast<int>(std::min<uint64_t>(context_.limits.memory_object_bytes_max, 1 << 30));
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, bytes_max);
  sqlite3_limit(database_, SQLITE_LIMIT_SQL_LENGTH, kSqlBytesMax);
  sqlite3_limit(database_, SQLITE_LIMIT_COLUMN, kColumnsMax);
  sqlite3_limit(database_, SQLITE_LIMIT_EXPR_DEPTH, kExpressionDepthMax);
  sqlite3_limit(database_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_progress_handler(database_, kStepsBetweenLooks, OutOfTime, &context_);
  const int ran = sqlite3_exec(database_, "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;",
                               nullptr, nullptr, nullptr);
  return ran == SQLITE_OK ? absl::OkStatus() : Failure();
}

SourceDatabase::~SourceDatabase() {
  sqlite3_close(database_);
}

absl::Status SourceDatabase::Failure() const {
  const int code = database_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(database_);
  const std::string message = fmt::format("sqlite: {}", sqlite3_errstr(code));
  switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_INTERRUPT:
      return absl::AbortedError(message);
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::DataLossError(message);
  }
}

}  // namespace shoumi::inspect
