#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "rules/documents/fingerprinter.h"
#include "rules/documents/index.h"

// Four bytes: the size of an index that follows; then text. The index is made to fit the key, as
// one that a signature vouches for would, so that what it holds is followed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace documents = shoumi::documents;
  uint32_t index_size = 0;
  if (size < sizeof index_size) return 0;
  std::memcpy(&index_size, data, sizeof index_size);
  data += sizeof index_size;
  size -= sizeof index_size;
  if (index_size > size) return 0;
  std::vector<uint64_t> bytes(index_size / 8 + 1);
  std::memcpy(bytes.data(), data, index_size);
  const documents::Key key;
  const uint64_t check = documents::Hasher(key).KeyCheck();
  if (index_size >= sizeof(documents::Header)) {
    std::memcpy(reinterpret_cast<char*>(bytes.data()) + offsetof(documents::Header, key_check),
                &check, sizeof check);
  }
  const auto index =
      documents::Index::Open({reinterpret_cast<const char*>(bytes.data()), index_size}, key);
  const std::string_view text(reinterpret_cast<const char*>(data) + index_size, size - index_size);
  for (const auto kind :
       {shoumi::v1::COLLECTION_KIND_PROTECTED, shoumi::v1::COLLECTION_KIND_EXCLUDED}) {
    documents::Fingerprinter fingerprinter(kind);
    fingerprinter.BeginPart(shoumi::v1::PART_KIND_BODY);
    if (!fingerprinter.Text(text).ok() || !fingerprinter.EndPart().ok()) return 0;
    for (const uint64_t fingerprint : fingerprinter.Finish()) {
      if (!index.ok()) break;
      for (const documents::Entry& entry : index->At(fingerprint)) {
        if (entry.document() >= index->documents().size()) __builtin_trap();
      }
    }
  }
  return 0;
}
