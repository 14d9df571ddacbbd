#pragma once

#include "absl/status/status.h"
#include "agent/inspect/extract/ole2/compound_file.h"

// Documents of Word, Excel and PowerPoint 97 to 2003, which WPS writes as wps, et and dps too. Each
// is read whole into memory. DataLoss: damaged, perhaps after something was read; PermissionDenied:
// encrypted; ResourceExhausted: larger than memory_object_bytes_max; Unimplemented: of older
// programs.
namespace shoumi::inspect {

// A stream named "WordDocument" ([MS-DOC]).
absl::Status ReadWord(CompoundFile& file, const CompoundFile::Stream& stream, Context& context);
// "Workbook" or "Book" ([MS-XLS]; BIFF5 of Excel 5 and 95).
absl::Status ReadExcel(CompoundFile& file, const CompoundFile::Stream& stream, Context& context);
// "PowerPoint Document" ([MS-PPT]).
absl::Status ReadPowerPoint(CompoundFile& file, const CompoundFile::Stream& stream,
                            Context& context);
// "\5SummaryInformation" and "\5DocumentSummaryInformation" ([MS-OLEPS]).
absl::Status ReadPropertySet(CompoundFile& file, const CompoundFile::Stream& stream,
                             Context& context);

// All of a stream, its bytes spent; Aborted when a bound of the context was passed.
absl::StatusOr<std::string> ReadStream(CompoundFile& file, const CompoundFile::Stream& stream,
                                       Context& context);

}  // namespace shoumi::inspect
