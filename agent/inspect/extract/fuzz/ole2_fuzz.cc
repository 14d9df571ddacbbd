#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/ole2/ole2.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::FuzzFormat(shoumi::inspect::kOle2Format, shoumi::inspect::FuzzBytes(data, size));
  return 0;
}
