#include "agent/inspect/extract/outlook/tnef.h"

#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::FuzzFormat(shoumi::inspect::kTnefFormat, shoumi::inspect::FuzzBytes(data, size));
  return 0;
}
