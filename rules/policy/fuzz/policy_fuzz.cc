#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  shoumi::rules::LoadPolicy("fuzzed.yaml", yaml, {"cn.mobile", "marking.classification"});
  return 0;
}
