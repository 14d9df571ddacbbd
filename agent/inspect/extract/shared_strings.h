#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// The shared strings of a workbook, in one block of memory.
class SharedStrings {
 public:
  // Adds to the string being read. False when `bytes_max` is passed; `text` is then not kept.
  bool Append(std::string_view text, uint64_t bytes_max);
  // Ends the string being read. False when `bytes_max` is passed by its entry.
  bool EndString(uint64_t bytes_max);
  // Marks the string as used. `index` is below size().
  std::string_view Use(size_t index);
  [[nodiscard]] size_t size() const { return ends_.size(); }
  // Strings that no cell shows: deleted cells leave them behind.
  [[nodiscard]] bool used(size_t index) const { return used_[index]; }
  [[nodiscard]] std::string_view at(size_t index) const;

  // Those go into a part of their own.
  void EmitUnused(Context& context) const;

 private:
  std::string text_;
  std::vector<uint32_t> ends_;
  std::vector<bool> used_;
};

}  // namespace shoumi::inspect
