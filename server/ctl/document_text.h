#pragma once

#include <string>

#include "server/ctl/document_files.h"
#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// A line for each file that is not, or not wholly, registered.
std::string DocumentProblems(const DocumentFiles& files);
// What was imported, or would be (`check`).
std::string ImportText(const v1::ImportDocumentsResponse& response, bool check);
std::string CollectionsText(const v1::ListCollectionsResponse& response, bool colour);
std::string DocumentsText(const std::vector<v1::DocumentRow>& documents, bool colour);

}  // namespace shoumi::ctl
