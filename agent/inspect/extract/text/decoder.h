#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/inspect/extract/text/charset.h"

namespace shoumi::inspect {

// Streaming conversion to UTF-8; a character cut by the end of one call goes on in the next.
// Sequences that are none become U+FFFD. Single-threaded.
class Decoder {
 public:
  // `charset` is not kBinary.
  explicit Decoder(Charset charset);
  // By a name as mail and HTML use it ("iso-2022-jp"). One that is not known decodes as UTF-8.
  explicit Decoder(const std::string& name);
  static bool Knows(const std::string& name);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Appends to `out`. `last` flushes what is incomplete.
  void Decode(std::string_view bytes, bool last, std::string& out);
  // Sequences that became U+FFFD so far.
  [[nodiscard]] uint64_t invalid() const { return invalid_; }

 private:
  struct Converters;
  std::unique_ptr<Converters> converters_;
  uint64_t invalid_ = 0;
};

}  // namespace shoumi::inspect
