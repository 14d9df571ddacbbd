#include "common/terminal/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>

namespace shoumi {

void FillStandardDescriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_PATH);
  }
}

bool OutputWritten() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace shoumi
