#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Text that stands within other text and is a part of its own: headers, notes, comments. Held until
// the part around it has ended, up to Limits::memory_object_bytes_max in all.
class AsideParts {
 public:
  static constexpr size_t kPartsMax = 1000;  // what is more goes on the last of its name

  explicit AsideParts(Context& context) : context_(context) {}

  enum class Naming : uint8_t { kNumbered, kJoined };
  // The part that text goes to: a new one "name 1", "name 2", …, or one "name" for all of them,
  // line by line.
  size_t Open(std::string_view name, v1::PartKind kind, Naming naming);
  void Append(size_t part, std::string_view text);
  // Counts bytes that are held elsewhere until then. False when they are too many, which is said.
  bool Hold(uint64_t bytes);
  // All that has text, in order. What comes later starts anew, with the numbers going on.
  void Emit();

 private:
  struct Part {
    std::string name;
    v1::PartKind kind;
    uint32_t number;  // 0: joined
    std::string text;
  };

  Context& context_;
  std::deque<Part> parts_;
  size_t emitted_ = 0;  // parts before those of parts_
  std::deque<std::pair<std::string, uint32_t>> numbers_;
  uint64_t held_ = 0;
  bool oversize_ = false;
};

}  // namespace shoumi::inspect
