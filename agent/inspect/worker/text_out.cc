#include "agent/inspect/worker/text_out.h"

#include "agent/inspect/extract/utf8.h"
#include "agent/inspect/wire/frame.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

void TextOut::BeginPart(std::string_view part, v1::PartKind kind) {
  if (!socket_) return;
  v1::ExtractedPiece piece;
  piece.mutable_part()->set_name(std::string(part));
  piece.mutable_part()->set_kind(kind);
  if (!SendFrame(socket_.get(), piece).ok()) socket_.Reset();
}

void TextOut::Text(std::string_view utf8) {
  while (socket_ && !utf8.empty()) {
    const std::string_view head = Utf8Head(utf8, kPieceTextBytesMax);
    v1::ExtractedPiece piece;
    piece.set_text(std::string(head));
    if (!SendFrame(socket_.get(), piece).ok()) socket_.Reset();
    utf8.remove_prefix(head.size());
  }
}

}  // namespace shoumi::inspect
