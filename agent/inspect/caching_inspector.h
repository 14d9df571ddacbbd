#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "boost/asio/thread_pool.hpp"

namespace shoumi::inspect {

struct CacheOptions {
  uint32_t entries_max = 4096;               // 0: nothing is remembered
  uint64_t bytes_max = 4ULL << 20;           // of all reports
  uint64_t content_bytes_max = 16ULL << 20;  // larger content is inspected each time
};

// Remembers what was found in content, so that copying the same file twice costs once. What is the
// same is told by SHA-256 over all of it, with its name and the day; only content that nobody can
// change meanwhile is looked up or remembered (Inspection::own_content), and only reports that the
// same content would get again. New packs empty it. What the policy makes of a report is decided
// anew each time. Thread-safe.
class CachingInspector final : public InspectorPool {
 public:
  struct CacheStats {
    uint64_t hits = 0;
    uint64_t misses = 0;  // of what could have been remembered
    uint64_t entries = 0;
    uint64_t bytes = 0;
  };

  CachingInspector(boost::asio::io_context& io, std::unique_ptr<InspectorPool> pool,
                   CacheOptions options);
  // Ends the hashing of what was given to it, then the pool.
  ~CachingInspector() override;

  void Inspect(Inspection inspection, Done done) override;
  absl::StatusOr<v1::InspectorReady> Reload(const InspectorRules& rules) override;
  [[nodiscard]] v1::InspectorReady Ready() const override { return pool_->Ready(); }
  [[nodiscard]] Stats stats() const override;
  [[nodiscard]] CacheStats cache_stats() const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Entry {
    Digest key;
    std::string report;  // serialised
  };
  struct Memory;

  void LookUp(Inspection inspection, Done done);

  boost::asio::io_context& io_;
  const CacheOptions options_;
  // Outlives the pool: its answers come here.
  const std::shared_ptr<Memory> memory_;
  std::unique_ptr<InspectorPool> pool_;
  boost::asio::thread_pool hashing_{1};
};

}  // namespace shoumi::inspect
