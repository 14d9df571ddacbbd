#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/ofd/ofd.h"
#include "agent/inspect/extract/ofd/page.h"

namespace shoumi::inspect {
namespace {

void FuzzPage(std::string_view bytes) {
  RecordingSink sink(false);
  const auto source = MakeMemorySource(bytes);
  Context context(FuzzLimits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  OfdPageReader reader(context, "page", v1::PART_KIND_BODY);
  ParseXml(*source, context, reader).IgnoreError();
  reader.Finish();
  if (!sink.broken.empty()) std::abort();
}

}  // namespace
}  // namespace shoumi::inspect

// A page's XML, and the package around it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = shoumi::inspect::FuzzBytes(data, size);
  if (bytes.starts_with("PK")) {
    shoumi::inspect::FuzzFormat(shoumi::inspect::kOfdFormat, bytes);
  } else {
    shoumi::inspect::FuzzPage(bytes);
  }
  return 0;
}
