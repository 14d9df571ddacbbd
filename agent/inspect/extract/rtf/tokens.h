#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

struct RtfToken {
  enum class Kind : uint8_t {
    kEnd,
    kOpen,
    kClose,
    kWord,    // \word, \word12
    kSymbol,  // \~
    kByte,    // \'e4
    kText,    // a run of bytes as they stand
  };
  Kind kind = Kind::kEnd;
  std::string_view word;  // letters only; valid until the next token
  std::string_view text;
  bool has_number = false;
  int32_t number = 0;
  char byte = 0;  // of kByte and kSymbol
};

// The tokens of Rich Text Format 1.9.1, read block by block. Line ends count for nothing, except
// behind a backslash. Single-threaded.
class RtfTokens {
 public:
  explicit RtfTokens(Source& source) : source_(source) {}

  RtfToken Next();
  // What \bin counts: the next bytes as they stand, appended to `out` unless that is null.
  void Binary(uint64_t bytes, std::string* out);
  // Of the byte behind the last token.
  [[nodiscard]] uint64_t offset() const { return block_offset_ + at_; }
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  bool Fill();
  int Peek() { return at_ < size_ || Fill() ? static_cast<unsigned char>(block_[at_]) : -1; }
  RtfToken Control();
  RtfToken Word();
  RtfToken Hex();

  Source& source_;
  std::array<char, 64 << 10> block_;
  size_t at_ = 0;
  size_t size_ = 0;
  uint64_t block_offset_ = 0;
  std::string word_;
  absl::Status status_;
};

}  // namespace shoumi::inspect
