#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/cli/file_list.h"
#include "agent/inspect/inspector_pool.h"
#include "agent/inspect/inspector_rules.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::cli {

// A document as it is registered.
struct DocumentPrint {
  uint64_t units = 0;
  std::vector<uint64_t> fingerprints;  // sorted, each once
  v1::InspectReport report;            // what of the document was not read
};
absl::StatusOr<DocumentPrint> PrintOf(inspect::InspectorPool& pool, const ListedFile& file,
                                      v1::CollectionKind kind, uint32_t seconds_max);

// A collection of documents tried without a server.
struct LocalCollection {
  std::string name;
  std::string path;  // a file or folder
  v1::CollectionKind kind = v1::COLLECTION_KIND_PROTECTED;
};
// Its index, under a key of its own. `complain` gets a line for each file of which something could
// not be read; such a document is in the index with the rest.
absl::StatusOr<inspect::CollectionFile> IndexDocuments(
    inspect::InspectorPool& pool, const LocalCollection& collection, uint32_t seconds_max,
    const std::function<void(const std::string&)>& complain);

}  // namespace shoumi::cli
