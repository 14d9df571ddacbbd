#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "rules/registry/index.h"
#include "rules/registry/matcher.h"

// Four bytes: the size of an index that follows; then text. The index is made to fit the key, as
// one that a signature vouches for would, so that what it holds is followed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace registry = shoumi::registry;
  uint32_t index_size = 0;
  if (size < sizeof index_size) return 0;
  std::memcpy(&index_size, data, sizeof index_size);
  data += sizeof index_size;
  size -= sizeof index_size;
  if (index_size > size) return 0;
  std::vector<uint64_t> bytes(index_size / 8 + 1);
  std::memcpy(bytes.data(), data, index_size);
  const registry::Key key;
  const uint64_t check = registry::Hasher(key).KeyCheck();
  if (index_size >= sizeof(registry::Header)) {
    std::memcpy(reinterpret_cast<char*>(bytes.data()) + offsetof(registry::Header, key_check),
                &check, sizeof check);
  }
  const auto index =
      registry::Index::Open({reinterpret_cast<const char*>(bytes.data()), index_size}, key);
  if (!index.ok()) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + index_size, size - index_size);
  registry::Matcher matcher(*index, {{.columns_min = 1}, {.columns_min = 2}},
                            [](const registry::RowMatch&) {});
  matcher.BeginPart();
  matcher.Scan({text, 0, 0, text.size(), true});
  return 0;
}
