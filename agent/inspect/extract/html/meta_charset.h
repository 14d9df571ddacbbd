#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// ICU's name of the encoding that <meta> says a document is in (HTML, 13.2.3.2), by the labels that
// browsers know (WHATWG Encoding, 4.2). Empty for those that are told from the bytes, which are
// often said wrongly (Unicode, GB, Big5, Western), and when nothing is said. `start` is the start
// of the document in lower case.
std::string MetaCharset(std::string_view start);

}  // namespace shoumi::inspect
