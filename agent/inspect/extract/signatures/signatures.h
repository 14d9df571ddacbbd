#pragma once

#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What content that no extractor reads is, by its first bytes.
struct Signature {
  size_t offset;
  std::string_view magic;
  std::string_view type;  // "image/png"
  bool weak = false;      // counts only in content with zero bytes
};

// Null when no signature fits.
const Signature* FindSignature(std::string_view head);
bool IsPicture(const Signature& signature);

// Recognised, not read: UNSUPPORTED with the type as detail.
extern const Format kSignatureFormat;

}  // namespace shoumi::inspect
