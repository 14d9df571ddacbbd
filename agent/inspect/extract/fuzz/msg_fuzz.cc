#include "agent/inspect/extract/outlook/msg.h"

#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::FuzzFormat(shoumi::inspect::kMsgFormat, shoumi::inspect::FuzzBytes(data, size));
  return 0;
}
