#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "agent/uplink/part_file.h"

// Two bytes: the size of the blob that is wanted. Then chunks as a server would send them, each
// with two bytes of size before it. The base is a page.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace agent = shoumi::agent;
  const auto take_number = [&data, &size] {
    uint16_t number = 0;
    if (size < sizeof number) return number;
    std::memcpy(&number, data, sizeof number);
    data += sizeof number;
    size -= sizeof number;
    return number;
  };
  constexpr uint64_t kBaseBytes = 4096;
  const shoumi::UniqueFd held(::memfd_create("base", MFD_CLOEXEC));
  if (!held || !shoumi::WriteAll(held.get(), std::string(kBaseBytes, 'b')).ok()) return 0;
  const agent::FetchBase base{"", held.get(), kBaseBytes};
  const uint64_t wanted = take_number();
  shoumi::UniqueFd file(::memfd_create("part", MFD_CLOEXEC));
  const int written = file.get();
  if (written < 0) return 0;
  agent::PartFile part(std::move(file), wanted, &base);
  while (size > 0) {
    const size_t bytes = std::min<size_t>(take_number(), size);
    shoumi::v1::BlobChunk chunk;
    if (chunk.ParseFromArray(data, static_cast<int>(bytes))) (void)part.Take(chunk);
    data += bytes;
    size -= bytes;
    struct stat about {};
    if (::fstat(written, &about) != 0) __builtin_trap();
    if (static_cast<uint64_t>(about.st_size) != part.offset()) __builtin_trap();
    if (part.offset() > wanted) __builtin_trap();
  }
  return 0;
}
