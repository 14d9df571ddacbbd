#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "agent/inspect/extract/text/text.h"

namespace shoumi::inspect {

std::span<const Format* const> Formats() {
  static constexpr const Format* kFormats[] = {
      &kSignatureFormat,
      &kTextFormat,
  };
  return kFormats;
}

}  // namespace shoumi::inspect
