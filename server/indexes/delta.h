#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::server {

// How a blob is made from another one, its base. Immutable once made.
struct Delta {
  struct Step {
    uint64_t offset = 0;  // in the blob
    uint64_t bytes = 0;
    uint64_t from = 0;  // in the base where it is copied, otherwise in `data`
    bool copied = false;
  };
  std::vector<Step> steps;  // in order, side by side, from 0 to the end of the blob
  std::string data;

  [[nodiscard]] size_t bytes() const { return steps.size() * sizeof(Step) + data.size(); }
};

struct DeltaBounds {
  size_t delta_bytes_max = 0;     // as Delta::bytes() counts
  std::function<bool()> give_up;  // asked now and then
};

// A shorter range costs more as a message of its own than as data.
inline constexpr size_t kCopyBytesMin = 64;

// Nothing when a bound is reached. Takes time in proportion to the bytes of both, whatever they
// are, and memory for them of an eighth to a quarter of the base. Finds ranges that were moved, and
// after a change the very next byte that is as before.
std::optional<Delta> MakeDelta(std::string_view base, std::string_view blob,
                               const DeltaBounds& bounds);

}  // namespace shoumi::server
