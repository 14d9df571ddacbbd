#include "agent/inspect/extract/report.h"

#include <string>

namespace shoumi::inspect {

void ReportFailure(Context& context, std::string_view part, const absl::Status& status,
                   bool something_read) {
  v1::UnscannedReason reason =
      something_read ? v1::UNSCANNED_REASON_PARTIAL : v1::UNSCANNED_REASON_CORRUPT;
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kAborted:
      return;
    case absl::StatusCode::kResourceExhausted:
      reason = v1::UNSCANNED_REASON_OVERSIZE;
      break;
    case absl::StatusCode::kOutOfRange:
      reason = v1::UNSCANNED_REASON_TOO_MANY;
      break;
    case absl::StatusCode::kPermissionDenied:
      reason = v1::UNSCANNED_REASON_ENCRYPTED;
      break;
    case absl::StatusCode::kUnimplemented:
      reason = v1::UNSCANNED_REASON_UNSUPPORTED;
      break;
    default:
      break;
  }
  context.sink.Unscanned(context.PartName(part), reason, std::string(status.message()));
}

}  // namespace shoumi::inspect
