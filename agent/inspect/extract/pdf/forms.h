#pragma once

#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What a PDF says beside its pages: contents and subjects of annotations (ISO 32000-1, 12.5),
// values and descriptions of form fields (12.7), and XFA forms, which are handed on. What of them
// pages show is in their text as well.
void ReadPdfForms(std::string_view pdf, int pages_max, Context& context);

}  // namespace shoumi::inspect
