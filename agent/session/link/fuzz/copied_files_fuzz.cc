// Lists of copied files, as any program of a display can put them on the clipboard.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/session/link/copied_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::session::FileLimits limits;
  limits.uris_max = 64;
  limits.entries_max = 16;
  limits.files_max = 4;
  limits.depth_max = 2;
  const auto files =
      shoumi::session::OpenCopiedFiles({reinterpret_cast<const char*>(data), size}, limits);
  if (files.size() > limits.files_max + 1) std::abort();
  for (const auto& file : files) {
    const bool opened = file.fd.ok();
    if (opened == (file.reason != shoumi::v1::UNSCANNED_REASON_UNSPECIFIED)) std::abort();
    if (file.name.find('/') != std::string::npos) std::abort();
  }
  return 0;
}
