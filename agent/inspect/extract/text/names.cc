#include "agent/inspect/extract/text/names.h"

#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text/decoder.h"
#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {

std::string DecodeName(std::string_view raw) {
  if (CheckUtf8(raw).valid == raw.size()) return std::string(raw);
  Charset charset = DetectBytes(raw);
  if (charset == Charset::kUtf8) return RepairUtf8(raw);
  if (charset != Charset::kGb18030 && charset != Charset::kBig5) charset = Charset::kDos;
  std::string name;
  Decoder(charset).Decode(raw, true, name);
  return name;
}

}  // namespace shoumi::inspect
