#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What another source holds from `start` on.
class TailSource final : public Source {
 public:
  // `whole` outlives it.
  TailSource(Source& whole, uint64_t start) : whole_(whole), start_(start) {}

  [[nodiscard]] uint64_t size() override {
    const uint64_t all = whole_.size();
    return all > start_ ? all - start_ : 0;
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    return whole_.ReadAt(start_ + offset, out);
  }
  [[nodiscard]] uint64_t NextData(uint64_t offset) override {
    return whole_.NextData(start_ + offset) - start_;
  }

 private:
  Source& whole_;
  const uint64_t start_;
};

}  // namespace shoumi::inspect
