#include "server/indexes/delta.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace shoumi::server {
namespace {

constexpr size_t kBlockBytes = 32;  // of the base, by which ranges are found again
constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;
constexpr size_t kProbes = 4;
constexpr size_t kAskBytes = 1 << 16;  // between two questions whether to give up

constexpr uint64_t Power(uint64_t factor, size_t times) {
  uint64_t power = 1;
  for (size_t i = 0; i < times; ++i) power *= factor;
  return power;
}

// Of kBlockBytes bytes that move on one by one.
class Window {
 public:
  void Start(const char* bytes) {
    hash_ = 0;
    for (size_t i = 0; i < kBlockBytes; ++i) hash_ = hash_ * kFactor + Value(bytes[i]);
  }
  void Move(char out, char in) {
    hash_ = (hash_ - Value(out) * Power(kFactor, kBlockBytes - 1)) * kFactor + Value(in);
  }
  [[nodiscard]] uint64_t hash() const { return hash_ ^ hash_ >> 29; }

 private:
  static uint64_t Value(char byte) { return static_cast<unsigned char>(byte) + uint64_t{1}; }
  uint64_t hash_ = 0;
};

size_t SameForward(const char* a, const char* b, size_t bytes_max) {
  size_t same = 0;
  for (; same + 8 <= bytes_max; same += 8) {
    uint64_t of_a = 0;
    uint64_t of_b = 0;
    std::memcpy(&of_a, a + same, 8);
    std::memcpy(&of_b, b + same, 8);
    if (of_a != of_b) return same + static_cast<size_t>(std::countr_zero(of_a ^ of_b)) / 8;
  }
  while (same < bytes_max && a[same] == b[same]) ++same;
  return same;
}

size_t SameBackward(const char* a, const char* b, size_t bytes_max) {
  size_t same = 0;
  while (same < bytes_max && *(a - same - 1) == *(b - same - 1)) ++same;
  return same;
}

// Where each block of the base is, by what it holds. Of blocks that are alike, the first.
class Blocks {
 public:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  explicit Blocks(std::string_view base)
      : base_(base), slots_(std::bit_ceil(2 * (base.size() / kBlockBytes) + kProbes)) {
    Window window;
    for (size_t block = 0; block < base.size() / kBlockBytes; ++block) {
      const char* const bytes = base.data() + block * kBlockBytes;
      window.Start(bytes);
      for (size_t probe = 0; probe < kProbes; ++probe) {
        uint32_t& slot = SlotOf(window.hash() + probe);
        if (slot != 0 && !Equal(slot, bytes)) continue;
        if (slot == 0) slot = static_cast<uint32_t>(block + 1);
        break;
      }
    }
  }

  // Of a block that holds these kBlockBytes bytes.
  [[nodiscard]] size_t Find(uint64_t hash, const char* bytes) const {
    for (size_t probe = 0; probe < kProbes; ++probe) {
      const uint32_t slot = slots_[(hash + probe) & (slots_.size() - 1)];
      if (slot == 0) return kNone;
      if (Equal(slot, bytes)) return (slot - size_t{1}) * kBlockBytes;
    }
    return kNone;
  }

 private:
  uint32_t& SlotOf(uint64_t hash) { return slots_[hash & (slots_.size() - 1)]; }
  [[nodiscard]] bool Equal(uint32_t slot, const char* bytes) const {
    return std::memcmp(base_.data() + (slot - size_t{1}) * kBlockBytes, bytes, kBlockBytes) == 0;
  }

  const std::string_view base_;
  std::vector<uint32_t> slots_;  // the block's number from 1; 0: none
};

class Maker {
 public:
  Maker(std::string_view base, std::string_view blob, const DeltaBounds& bounds)
      : base_(base), blob_(blob), bounds_(bounds), blocks_(base) {}

  std::optional<Delta> Make() {
    Window window;
    bool started = false;
    while (at_ + kBlockBytes <= blob_.size()) {
      if (!started) window.Start(blob_.data() + at_);
      started = true;
      if (CopyFrom(OnFromTheLast()) || CopyFrom(blocks_.Find(window.hash(), blob_.data() + at_))) {
        started = false;
      } else {
        if (at_ + kBlockBytes == blob_.size()) break;
        window.Move(blob_[at_], blob_[at_ + kBlockBytes]);
        ++at_;
      }
      if (!GoesOn()) return std::nullopt;
    }
    AddData(blob_.size());
    if (delta_.bytes() > bounds_.delta_bytes_max) return std::nullopt;
    return std::move(delta_);
  }

 private:
  // Where the base goes on beside the blob after what was copied last: values that were replaced by
  // others of the same size leave it so.
  [[nodiscard]] size_t OnFromTheLast() const {
    const size_t from = base_after_ + (at_ - data_from_);
    if (from + kBlockBytes > base_.size()) return Blocks::kNone;
    const bool same = std::memcmp(base_.data() + from, blob_.data() + at_, kBlockBytes) == 0;
    return same ? from : Blocks::kNone;
  }

  // Takes a range around a block that is equal at both places; false when it is not long enough.
  bool CopyFrom(size_t from) {
    if (from == Blocks::kNone) return false;
    const size_t before =
        SameBackward(blob_.data() + at_, base_.data() + from, std::min(at_ - data_from_, from));
    const size_t behind = SameForward(blob_.data() + at_, base_.data() + from,
                                      std::min(blob_.size() - at_, base_.size() - from));
    if (before + behind < kCopyBytesMin) return false;
    AddData(at_ - before);
    delta_.steps.push_back({at_ - before, before + behind, from - before, true});
    at_ += behind;
    data_from_ = at_;
    base_after_ = from + behind;
    return true;
  }

  void AddData(size_t to) {
    if (to == data_from_) return;
    delta_.steps.push_back({data_from_, to - data_from_, delta_.data.size(), false});
    delta_.data += blob_.substr(data_from_, to - data_from_);
    data_from_ = to;
  }

  bool GoesOn() {
    if (delta_.bytes() + (at_ - data_from_) > bounds_.delta_bytes_max) return false;
    if (at_ < ask_at_) return true;
    ask_at_ = at_ + kAskBytes;
    return !bounds_.give_up || !bounds_.give_up();
  }

  const std::string_view base_;
  const std::string_view blob_;
  const DeltaBounds& bounds_;
  const Blocks blocks_;
  Delta delta_;
  size_t at_ = 0;
  size_t data_from_ = 0;   // what is before it has its steps
  size_t base_after_ = 0;  // of what was copied last
  size_t ask_at_ = 0;
};

}  // namespace

std::optional<Delta> MakeDelta(std::string_view base, std::string_view blob,
                               const DeltaBounds& bounds) {
  if (base.size() / kBlockBytes >= std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return Maker(base, blob, bounds).Make();
}

}  // namespace shoumi::server
