#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/ledger/ledger.h"

namespace shoumi::agent {

// A ledger on disk: "values", sealed with AES-256-GCM by the key in "key". Both are there only
// while a rule counts over time. What passed since the last Save() is lost where the agent is
// killed. Not thread-safe.
class LedgerFolder {
 public:
  static constexpr size_t kFileBytesMax = 64U << 20;

  // `ledger` outlives it.
  LedgerFolder(std::filesystem::path folder, Ledger& ledger)
      : folder_(std::move(folder)), ledger_(ledger) {}

  // At start; OK when nothing is kept. Otherwise says why what is kept cannot be read: counting
  // starts anew, and the next Save() replaces it.
  absl::Status Load();
  // Writes what has changed, replacing the file as a whole, or takes everything away.
  absl::Status Save();

 private:
  absl::StatusOr<std::string> Key();
  absl::Status Remove();

  const std::filesystem::path folder_;
  Ledger& ledger_;
};

}  // namespace shoumi::agent
