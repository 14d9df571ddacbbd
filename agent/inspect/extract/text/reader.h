#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/text/decoder.h"

namespace shoumi::inspect {

// Reads one text and turns it into UTF-8, block after block. In the encodings whose line feed is
// one byte, blocks end behind a line feed where there is one, and each that is not UTF-8 is judged
// anew: a log that several programs wrote is read right. What is no text is said to the context.
class TextReader {
 public:
  // Gets the text in order, cut between characters.
  using Take = std::function<void(std::string_view utf8)>;

  TextReader(Source& source, Context& context, Take take)
      : source_(source), context_(context), take_(std::move(take)) {}

  // The encoding that the text itself says it is in, for what is not UTF-8.
  void Declare(std::string charset) { declared_ = std::move(charset); }
  void Run();

 private:
  enum class Fill { kMore, kEnd, kFailed };

  Fill FillBlock();
  bool Stop() { return !context_.InTime(""); }
  void RunDecoder();
  void RunBytes();
  void TakeBlock(std::string_view block);
  void TakeLinesOfEscapes(std::string_view block);
  void TakeBytes(std::string_view block);
  bool TakeDeclared(std::string_view block);
  void Decode(std::string_view bytes, Charset charset);
  void DecodeWith(Decoder& decoder, std::string_view bytes);
  [[nodiscard]] size_t CutBytes() const;

  Source& source_;
  Context& context_;
  const Take take_;
  std::string declared_;
  std::string block_;  // what is read but not yet handed on
  std::string text_;
  uint64_t offset_ = 0;
  std::unique_ptr<Decoder> decoder_;  // of the whole, or of the lines with escapes
  bool seven_bit_ = false;            // declared_ tells its characters by escapes amid ASCII
  bool in_line_ = false;              // of escapes, that a block has cut
  uint64_t invalid_ = 0;              // sequences that are no characters
  bool said_binary_ = false;
};

}  // namespace shoumi::inspect
