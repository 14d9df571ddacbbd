#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "agent/inspect/extract/text/decoder.h"

namespace shoumi::inspect {

// The code page of a font's character set (\fcharset), 0 for those that follow the document.
uint32_t CodePageOfCharset(int32_t charset);

// Turns runs of bytes into UTF-8, with one converter for each code page in use.
class CodePages {
 public:
  // Appends. A code page that is not known counts as windows-1252.
  void Decode(uint32_t code_page, std::string_view bytes, std::string& out);

 private:
  std::map<uint32_t, std::unique_ptr<Decoder>> decoders_;
};

}  // namespace shoumi::inspect
