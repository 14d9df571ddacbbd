#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// Names as archives store them: UTF-8, or whatever code page the archiver's machine had. Chinese
// machines write GB18030 without saying so; what is neither is CP437, as APPNOTE 4.4.4 (bit 11) has
// it.
std::string DecodeName(std::string_view raw);

}  // namespace shoumi::inspect
