#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "shoumi/v1/finding.pb.h"

namespace shoumi::agent {

// What the user of an event has let pass before, as rules with a time count it.
class History {
 public:
  virtual ~History() = default;
  // Distinct values that detectors named by `pattern` found in what passed within so many minutes,
  // besides those that stand in `here` as values of the same detector.
  [[nodiscard]] virtual uint64_t PassedBesides(
      std::string_view pattern, uint32_t within_minutes,
      const std::vector<const v1::Finding*>& here) const = 0;

  // Nothing has passed: an event counts alone.
  static const History& None();
};

}  // namespace shoumi::agent
