#pragma once

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
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Appends to `out`. `last` flushes what is incomplete.
  void Decode(std::string_view bytes, bool last, std::string& out);

 private:
  struct Converters;
  std::unique_ptr<Converters> converters_;
};

}  // namespace shoumi::inspect
