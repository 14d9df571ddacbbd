#include "agent/cli/commands.h"

#include "agent/cli/extract_command.h"
#include "agent/cli/fingerprint_command.h"
#include "agent/cli/request_command.h"
#include "agent/cli/scan_command.h"
#include "agent/cli/status_command.h"

namespace shoumi::cli {
namespace {

constexpr AddCommand kCommands[] = {&AddScan, &AddExtract, &AddFingerprint, &AddRequest,
                                    &AddStatus};

}  // namespace

void AddCommands(CLI::App& app, int& exit_status) {
  for (const AddCommand add : kCommands) add(app, exit_status);
}

}  // namespace shoumi::cli
