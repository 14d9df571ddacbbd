#include "server/indexes/document_numbers.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace shoumi::server {
namespace {

using KeyOf = std::string (*)(const DocumentRowData&);

constexpr KeyOf kKeys[] = {
    [](const DocumentRowData& document) { return document.sha256 + document.title; },
    [](const DocumentRowData& document) { return document.title; },
    [](const DocumentRowData& document) { return document.sha256; }};

}  // namespace

void NumberDocuments(const std::vector<DocumentRowData>& before,
                     std::vector<DocumentRowData>& documents) {
  std::unordered_set<uint32_t> taken;
  for (DocumentRowData& document : documents) document.number = 0;
  for (const KeyOf key : kKeys) {
    std::unordered_multimap<std::string, uint32_t> numbers;
    for (const DocumentRowData& document : before) {
      if (!taken.contains(document.number)) numbers.emplace(key(document), document.number);
    }
    for (DocumentRowData& document : documents) {
      if (document.number != 0) continue;
      const auto found = numbers.find(key(document));
      if (found == numbers.end()) continue;
      document.number = found->second;
      taken.insert(found->second);
      numbers.erase(found);
    }
  }
  uint32_t next = 1;
  for (DocumentRowData& document : documents) {
    if (document.number != 0) continue;
    while (taken.contains(next)) ++next;
    document.number = next++;
  }
}

}  // namespace shoumi::server
