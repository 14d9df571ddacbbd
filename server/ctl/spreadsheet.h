#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace shoumi::ctl {

inline constexpr size_t kSpreadsheetTextBytesMax = 1U << 30;  // of all its sheets

// Whether the file is a package as spreadsheets are (xlsx, xlsb, ods), and no text.
bool IsSpreadsheet(const std::string& path);

// The first sheet as CSV (RFC 4180). It is read by `shoumi extract`, in a sandbox: a spreadsheet is
// as untrusted here as anywhere. FailedPrecondition when it could not be read wholly.
absl::StatusOr<std::string> CsvOfSpreadsheet(const std::string& path);

}  // namespace shoumi::ctl
