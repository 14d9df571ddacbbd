#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/odf/odf.h"

// The XML of a document, and the package around it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using shoumi::inspect::kOdfFormat;
  using shoumi::inspect::kOdfXmlFormat;
  const std::string_view bytes = shoumi::inspect::FuzzBytes(data, size);
  shoumi::inspect::FuzzFormat(bytes.starts_with("PK") ? kOdfFormat : kOdfXmlFormat, bytes);
  return 0;
}
