#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/mail/mail.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::FuzzFormat(shoumi::inspect::kMailFormat, shoumi::inspect::FuzzBytes(data, size));
  return 0;
}
