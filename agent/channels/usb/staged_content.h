#pragma once

#include <cstdint>
#include <memory>

#include "agent/channels/usb/extents.h"
#include "agent/channels/usb/fuse_api.h"
#include "agent/channels/usb/stage.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// What programs wrote to one file and the device does not have yet, laid over what the device has
// (the base). Not thread-safe. Errors are errno values, 0 for none.
class StagedContent {
 public:
  // `base` stays open at the caller; -1 and 0 for a new file. `has_holes`: the device may lack room
  // for all of the base's bytes.
  StagedContent(std::shared_ptr<StageStore> store, int base, uint64_t base_bytes, bool has_holes);

  // `buffers` may be a pipe or memory. Takes all of it.
  [[nodiscard]] int Write(fuse_bufvec* buffers, uint64_t offset);
  // Fills all of `buffer`; the caller keeps within size().
  [[nodiscard]] int Read(char* buffer, uint64_t bytes, uint64_t offset) const;
  [[nodiscard]] int Truncate(uint64_t bytes);
  [[nodiscard]] int Zero(uint64_t start, uint64_t end);
  // fallocate(2) without a mode: room that must be there after the commit.
  void Allocate(uint64_t start, uint64_t end, bool keep_size);
  // SEEK_DATA and SEEK_HOLE; negative errno value when there is none.
  [[nodiscard]] int64_t Seek(uint64_t offset, int whence) const;

  // Whether the stage lacks bytes of the base that the whole content has.
  [[nodiscard]] bool NeedsBase() const;
  // Reading the rest of the base into the stage, in three steps so that reads may go on: room for
  // it, the copying (no other change may be under way; const calls may), and taking it over.
  [[nodiscard]] int PrepareWhole() { return stage_.Prepare(base_limit_); }
  [[nodiscard]] int Fill(Extents* filled) const;
  void Adopt(const Extents& filled);
  // The whole content, read-only; NeedsBase() must be over.
  [[nodiscard]] UniqueFd OpenForReading();

  // Writes the changes to the base's file, or the whole content to an empty file.
  [[nodiscard]] int CommitTo(int lower) const;

  [[nodiscard]] uint64_t size() const { return size_; }
  // Bytes the device must find room for.
  [[nodiscard]] uint64_t reserved_bytes() const { return reserved_.bytes(); }
  // What reserved_bytes() grows by when [start, end) is written.
  [[nodiscard]] uint64_t NewlyReserved(uint64_t start, uint64_t end) const;

 private:
  [[nodiscard]] int Grow(uint64_t bytes);
  void Reserve(uint64_t start, uint64_t end);
  // Calls `gap` for each part of [start, end), in whole blocks, that the base has no room for.
  template <typename Gap>
  void ForEachGap(uint64_t start, uint64_t end, Gap gap) const;
  [[nodiscard]] int CommitRange(int lower, uint64_t start, uint64_t end, uint64_t had) const;

  Stage stage_;
  const int base_;
  uint64_t base_limit_;  // the base shows through below this only
  uint64_t size_;
  uint64_t stage_size_ = 0;
  Extents dirty_;
  Extents filled_;  // read from the base by Fill()
  Extents held_;    // the device has room for, in whole blocks
  Extents reserved_;
  Extents allocated_;
};

}  // namespace shoumi::agent::usb
