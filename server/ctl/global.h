#pragma once

#include <string>

namespace shoumi::ctl {

// What holds for every subcommand.
struct Global {
  std::string server;   // HOST:PORT; empty: of the saved login
  std::string ca_file;  // likewise
  int timeout_s = 30;   // of one call
  bool json = false;
};

}  // namespace shoumi::ctl
