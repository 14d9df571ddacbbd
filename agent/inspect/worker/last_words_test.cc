#include "agent/inspect/worker/last_words.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

struct Ending {
  std::string sent;
  int status = 0;
};

// What a process that aborts with this errno leaves behind.
Ending AbortWith(int error, bool with_words) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ReportAbortsForLackOfMemory(ends[1]);
    { const LastWords over("words of the request before"); }
    if (with_words) {
      const LastWords words("last words");
      errno = error;
      std::abort();
    }
    errno = error;
    std::abort();
  }
  ::close(ends[1]);
  Ending ending;
  char buffer[64];
  const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
  if (got > 0) ending.sent.assign(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, &ending.status, 0);
  return ending;
}

TEST(LastWords, AreSentWhenMemoryIsLacking) {
  const Ending ending = AbortWith(ENOMEM, true);
  EXPECT_EQ(ending.sent, "last words");
  EXPECT_TRUE(WIFEXITED(ending.status));
}

TEST(LastWords, AnyOtherAbortIsACrash) {
  const Ending ending = AbortWith(0, true);
  EXPECT_EQ(ending.sent, "");
  EXPECT_TRUE(WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGABRT);
}

TEST(LastWords, ThoseOfAnEarlierRequestAreNotSent) {
  const Ending ending = AbortWith(ENOMEM, false);
  EXPECT_EQ(ending.sent, "");
  EXPECT_TRUE(WIFSIGNALED(ending.status));
}

}  // namespace
}  // namespace shoumi::inspect
