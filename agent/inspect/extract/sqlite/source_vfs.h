#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/inspect/extract/extract.h"
#include "sqlite3.h"

namespace shoumi::inspect {

// A database over a Source, read-only and without locks, journals or any other file: the library
// reads through ReadAt() and makes no system call for it. One at a time.
class SourceDatabase {
 public:
  // `source` and `context` outlive it. Statements end with SQLITE_INTERRUPT when the context is out
  // of time.
  static absl::StatusOr<std::unique_ptr<SourceDatabase>> Open(Source& source, Context& context);
  ~SourceDatabase();
  SourceDatabase(const SourceDatabase&) = delete;
  SourceDatabase& operator=(const SourceDatabase&) = delete;

  [[nodiscard]] sqlite3* get() const { return database_; }
  // Why the last call failed. Aborted when the context stopped it or its bounds did.
  [[nodiscard]] absl::Status Failure() const;

 private:
  explicit SourceDatabase(Context& context) : context_(context) {}
  absl::Status Prepare();

  Context& context_;
  sqlite3* database_ = nullptr;
};

// Ends a statement with its owner.
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace shoumi::inspect
