#pragma once

#include <string_view>

namespace shoumi::rules {

// The suffix of a file name in lower case ASCII where it is one that this knows, else empty.
// "a/b.DOCX" has "docx", "x.tar.gz" has "gz".
std::string_view KnownSuffix(std::string_view name);

// Whether content of this media type, told from the content, cannot be what a file with this suffix
// is. Kin never contradict: any picture under any picture's suffix, a document of Office under that
// of another, a docx that is called zip. What is not known never does.
bool Contradicts(std::string_view suffix, std::string_view media_type);

}  // namespace shoumi::rules
