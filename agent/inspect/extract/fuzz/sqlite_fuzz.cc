#include <cstddef>
#include <cstdint>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/sqlite/sqlite_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::FuzzFormat(shoumi::inspect::kSqliteFormat,
                              shoumi::inspect::FuzzBytes(data, size));
  return 0;
}
