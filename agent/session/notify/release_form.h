#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::session {

struct ReleaseForm {
  std::string recipient;
  std::string reason;
};

struct FormOptions {
  // Programs that show forms, the first that is there: their names say how they are spoken to.
  std::vector<std::string> programs{"/usr/bin/zenity", "/usr/bin/kdialog"};
  std::string display;  // as in DISPLAY; empty: as it is in the environment
  std::chrono::milliseconds form_ms_max{600'000};
  size_t answer_bytes_max = 4096;
  bool chinese = false;
};

// Whether any of the programs is there.
bool CanAsk(const FormOptions& options);

// Asks the user to whom something is to go and why. Blocks until the form is filled in or closed;
// Cancelled when it was closed, when `stop` becomes readable, or when the time is over; NotFound
// when no program is there. What is asked about is not on the command line of the program.
absl::StatusOr<ReleaseForm> AskForRelease(const FormOptions& options, int stop);

}  // namespace shoumi::session
