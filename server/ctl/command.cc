#include "server/ctl/command.h"

#include <cstdio>

#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::ctl {

void Complain(std::string_view what) {
  std::fflush(stdout);
  fmt::print(stderr, "shoumictl: {}\n", Printable(what));
}

int ExitStatus(const absl::Status& status) {
  if (status.ok()) return kDone;
  Complain({status.message().data(), status.message().size()});
  return kFailed;
}

void Out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace shoumi::ctl
