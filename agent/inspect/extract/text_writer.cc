#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {

void TextWriter::Overflow(std::string_view text) {
  Flush();
  if (text.size() >= kBlockBytes)
    sink_.Text(text);
  else
    buffer_.append(text);
}

void TextWriter::Flush() {
  if (!buffer_.empty()) sink_.Text(buffer_);
  buffer_.clear();
}

void EmitPart(Context& context, std::string_view part, v1::PartKind kind, std::string_view text) {
  if (text.empty()) return;
  context.sink.BeginPart(context.PartName(part), kind);
  context.sink.Text(text);
  context.sink.EndPart();
}

}  // namespace shoumi::inspect
