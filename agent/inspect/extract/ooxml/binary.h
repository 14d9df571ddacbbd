#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/ooxml/roots.h"
#include "agent/inspect/extract/shared_strings.h"

namespace shoumi::inspect {

// Parts of workbooks in binary form ([MS-XLSB]), by their first record; nothing for all others.
std::optional<Root> BinaryRootOf(std::string_view head);

// Reads a workbook, its shared strings, a sheet or comments: sheets' names, and cells one line a
// row with TAB between them, the values that the program last computed. DataLoss: damaged, or cut
// off.
absl::Status ReadBinaryPart(Root root, const std::string& part, Source& source, Context& context,
                            SharedStrings& strings);

}  // namespace shoumi::inspect
