#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shoumi::inspect {

// Characters that text spells out: \u673a and \u{673a} (JSON, Java, JavaScript, Python) and
// &#26426; or &#x673a; (XML, HTML). Everything else stays as it is. For text that comes in blocks.
// Single-threaded.
class Unescaper {
 public:
  enum class Language : uint8_t {
    kAny,
    // The short escapes count as well (RFC 8259, 7): a line feed before a number is no letter
    // before it.
    kJson,
    kScript,  // and \x41, and line ends within strings (ECMA-262, 12.9.4)
    kCss,     // \673a with a blank behind it (CSS Syntax 3, 4.3.7)
  };
  explicit Unescaper(Language language = Language::kAny) : language_(language) {}

  // What `text` becomes; `text` itself where nothing is spelt out in it. The result lives until the
  // next call. The start of what may be an escape is kept for the next call, unless `last`.
  std::string_view Take(std::string_view text, bool last);

 private:
  const Language language_;
  std::string kept_;
  std::string joined_;
  std::string out_;
};

// Whether the start of a text looks like JSON.
bool LooksLikeJson(std::string_view start);

}  // namespace shoumi::inspect
