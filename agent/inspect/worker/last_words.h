#pragma once

#include <string_view>

// Libraries in C that find no memory call abort(3). From then on nothing in the process can be
// trusted to work but system calls, which are enough to send a report made before.
namespace shoumi::inspect {

// Installs the handler of SIGABRT that sends the last words of the moment on `socket` and exits.
// An abort for any other reason still ends the process by its signal.
void ReportAbortsForLackOfMemory(int socket);

// While it lives, `frame` is what an abort for lack of memory sends. One at a time.
class LastWords {
 public:
  explicit LastWords(std::string_view frame);
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
};

}  // namespace shoumi::inspect
