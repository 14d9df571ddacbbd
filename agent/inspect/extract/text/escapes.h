#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// Characters that text spells out: \u673a (JSON, Java, JavaScript, Python) and &#26426; or &#x673a;
// (XML, HTML). Everything else stays as it is. For text that comes in blocks. Single-threaded.
class Unescaper {
 public:
  // Of JSON the short escapes count as well (RFC 8259, 7): a line feed before a number is no letter
  // before it.
  explicit Unescaper(bool json = false) : json_(json) {}

  // What `text` becomes; `text` itself where nothing is spelt out in it. The result lives until the
  // next call. The start of what may be an escape is kept for the next call, unless `last`.
  std::string_view Take(std::string_view text, bool last);

 private:
  const bool json_;
  std::string kept_;
  std::string joined_;
  std::string out_;
};

// Whether the start of a text looks like JSON.
bool LooksLikeJson(std::string_view start);

}  // namespace shoumi::inspect
