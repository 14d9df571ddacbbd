#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Content that comes out of something else in order: a member of an archive. Reading in order needs
// no memory beyond the first kHeadBytes; any other order loads the whole, up to
// Limits::memory_object_bytes_max. Every byte is spent from the context; Aborted when a bound of it
// was passed. Bytes before damage are there to be read, and the damage is said (DataLoss, or
// PARTIAL once some were loaded).
class StreamSource : public Source {
 public:
  // `context` outlives it.
  explicit StreamSource(Context& context) : context_(context) {}

  // As declared; loads the whole where nothing is.
  [[nodiscard]] uint64_t size() final;
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) final;

 protected:
  // The next bytes; 0 at the end.
  virtual absl::StatusOr<size_t> Next(std::span<char> out) = 0;
  // Goes back to the first byte. Not all can.
  virtual absl::Status Restart();
  [[nodiscard]] virtual std::optional<uint64_t> declared() const = 0;
  [[nodiscard]] uint64_t position() const { return position_; }

 private:
  absl::StatusOr<size_t> ReadNext(std::span<char> out);
  const absl::Status& Load();
  absl::Status LoadAll();

  Context& context_;
  uint64_t position_ = 0;  // what has come out so far
  std::string head_;       // the first of it
  std::string all_;
  bool loaded_ = false;
  absl::Status load_error_;
};

}  // namespace shoumi::inspect
