#pragma once

#include <string>
#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Gathers small pieces of a part into blocks that are worth a call. Single-threaded; Flush before
// EndPart.
class TextWriter {
 public:
  static constexpr size_t kBlockBytes = 64 << 10;

  explicit TextWriter(PartSink& sink) : sink_(sink) { buffer_.reserve(kBlockBytes); }

  // `text` is valid UTF-8 and not cut within a character.
  void Append(std::string_view text) {
    if (buffer_.size() + text.size() > kBlockBytes)
      Overflow(text);
    else
      buffer_.append(text);
  }
  void Flush();

 private:
  void Overflow(std::string_view text);

  PartSink& sink_;
  std::string buffer_;
};

// One whole part from a string that is already there; nothing when it is empty.
void EmitPart(Context& context, std::string_view part, v1::PartKind kind, std::string_view text);

}  // namespace shoumi::inspect
