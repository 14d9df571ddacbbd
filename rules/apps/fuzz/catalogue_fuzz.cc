#include <cstddef>
#include <cstdint>
#include <string>

#include "rules/apps/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::rules::LoadCatalogue(
      {{"fuzzed.yaml", std::string(reinterpret_cast<const char*>(data), size)}});
  return 0;
}
