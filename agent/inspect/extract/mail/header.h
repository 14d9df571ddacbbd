#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoumi::inspect {

// The header of a message or of one part of it: fields in order, unfolded.
class MailHeader {
 public:
  // Takes the header off the front of `text`, with the empty line that ends it. What does not look
  // like a field ends the header too and stays in `text`.
  static MailHeader Take(std::string_view& text);

  // Raw value of the first field of this name (any case); empty when there is none.
  [[nodiscard]] std::string_view Get(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const;
  // Whether the field is there again with another value: programs differ in which one they follow.
  [[nodiscard]] bool Repeats(std::string_view name) const;
  // The value up to its parameters, in lower case: "multipart/mixed".
  [[nodiscard]] std::string Token(std::string_view name) const;
  // A parameter of a field (RFC 2045, 5.1), with the extensions of RFC 2231 and with RFC 2047
  // words, which mail programs write there against the standard. UTF-8.
  [[nodiscard]] std::string Parameter(std::string_view field, std::string_view parameter) const;
  // All fields as text, encoded words decoded (RFC 2047).
  [[nodiscard]] std::string Text() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  // names in lower case
};

// Encoded words decoded, everything else as it is; always valid UTF-8.
std::string DecodeWords(std::string_view raw);

}  // namespace shoumi::inspect
