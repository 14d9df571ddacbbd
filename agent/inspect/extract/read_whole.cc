#include "agent/inspect/extract/read_whole.h"

#include <algorithm>

#include "agent/inspect/extract/report.h"
#include "fmt/format.h"

namespace shoumi::inspect {

absl::StatusOr<std::string> ReadWhole(Source& source, Context& context) {
  const uint64_t bytes_max = context.limits.memory_object_bytes_max;
  std::string bytes;
  while (true) {
    const size_t kept = bytes.size();
    // The declared size is a hint: that of a member of an archive may lie.
    const uint64_t hint = kept == 0 ? source.size() + 1 : kept;
    bytes.resize(kept + std::min(std::max<uint64_t>(hint, 4096), bytes_max + 1 - kept));
    const absl::StatusOr<size_t> got = source.ReadAt(kept, std::span(bytes).subspan(kept));
    bytes.resize(kept + (got.ok() ? *got : 0));
    if (!got.ok() && kept == 0) return got.status();
    if (!got.ok()) ReportFailure(context, "", got.status(), true);
    if (!got.ok() || *got == 0) return bytes;
    if (bytes.size() > bytes_max) {
      return absl::ResourceExhaustedError(fmt::format("memory_object_bytes_max {}", bytes_max));
    }
  }
}

}  // namespace shoumi::inspect
