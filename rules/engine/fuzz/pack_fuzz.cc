#include <cstddef>
#include <cstdint>
#include <vector>

#include "rules/engine/pack_loader.h"

// Packs are read by a process with rights: the server, when an operator sends one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::v1::Pack pack;
  pack.set_name("fuzzed");
  pack.set_yaml(data, size);
  std::vector<shoumi::v1::PackProblem> problems;
  shoumi::rules::LoadPacks({pack}, problems);
  return 0;
}
