#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/text/decoder.h"

namespace shoumi::inspect {

// Behind all code pages: what CodePageOfCharset adds to a character set that has none.
inline constexpr uint32_t kCharsetsBase = 1 << 16;

// The code page of a font's character set (\fcharset), 0 for those that follow the document.
uint32_t CodePageOfCharset(int32_t charset);

// Turns runs of bytes into UTF-8, with one converter for each code page in use.
class CodePages {
 public:
  static constexpr size_t kUnknownMax = 32;  // that are named

  // Appends; `last`: no character goes on behind `bytes`. A code page that is not known counts as
  // windows-1252.
  void Decode(uint32_t code_page, std::string_view bytes, bool last, std::string& out);
  // Remembers that there was text in a code page that is not known.
  void NoteUnknown(uint32_t code_page);
  // Those that were asked for, each once.
  [[nodiscard]] const std::vector<uint32_t>& unknown() const { return unknown_; }

 private:
  std::map<uint32_t, std::unique_ptr<Decoder>> decoders_;
  std::vector<uint32_t> unknown_;
};

}  // namespace shoumi::inspect
