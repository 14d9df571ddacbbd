#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// A compound file ([MS-CFB]): named streams in sectors chained by an allocation table. Streams
// are found by their names wherever they are; what the tree of storages does not list is there too.
// Single-threaded; the source outlives it.
class CompoundFile {
 public:
  static constexpr uint32_t kStreamsMax = 20'000;
  static constexpr size_t kNoParent = SIZE_MAX;  // of the root, and of what no storage lists

  struct Stream {
    std::string name;  // UTF-8, control characters kept
    uint32_t first_sector = 0;
    uint64_t bytes = 0;
    size_t parent = kNoParent;  // the storage it lies in, as an index into streams()
    bool storage = false;       // a folder; the root is none, its bytes are those of small streams
  };

  static bool LooksLikeOne(std::string_view head);
  // DataLoss when damaged, ResourceExhausted when its tables would not fit `memory_bytes_max`.
  static absl::StatusOr<std::unique_ptr<CompoundFile>> Open(Source& source,
                                                            uint64_t memory_bytes_max);

  // Streams and storages, in the order of the directory.
  [[nodiscard]] const std::vector<Stream>& streams() const { return streams_; }
  // False when the allocation table or the directory is damaged or cut at its bound: there may be
  // streams that nobody sees.
  [[nodiscard]] bool complete() const { return complete_; }
  // Null when there is none with this name.
  [[nodiscard]] const Stream* Find(std::string_view name) const;
  // Up to `bytes_max` of the stream from `offset`; less when it is shorter or damaged.
  absl::StatusOr<std::string> Read(const Stream& stream, uint64_t offset, uint64_t bytes_max);

 private:
  explicit CompoundFile(Source& source) : source_(source) {}

  absl::Status ReadTables(uint64_t memory_bytes_max);
  absl::Status ReadAllocation(std::string_view header, uint64_t memory_bytes_max);
  absl::Status ReadDirectory(uint32_t first_sector);
  void AddStream(std::string_view entry);
  // `places`: index into streams_ of each entry of the directory.
  void LinkTree(std::string_view directory, const std::vector<size_t>& places);
  absl::Status AppendSector(uint32_t sector, std::string& out);
  // Whole chain from `sector`, at most `bytes_max`.
  absl::StatusOr<std::string> ReadChain(uint32_t sector, uint64_t bytes_max);

  Source& source_;
  uint32_t sector_bytes_ = 512;
  uint32_t mini_sector_bytes_ = 64;
  uint32_t mini_cutoff_bytes_ = 4096;
  std::vector<uint32_t> next_;       // of each sector
  std::vector<uint32_t> mini_next_;  // of each mini sector
  std::string mini_stream_;
  std::vector<Stream> streams_;
  bool complete_ = true;
};

}  // namespace shoumi::inspect
