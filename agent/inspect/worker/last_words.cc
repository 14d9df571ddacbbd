#include "agent/inspect/worker/last_words.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace shoumi::inspect {
namespace {

constexpr size_t kFrameBytesMax = 512;
constexpr size_t kProbeBytes = 16 << 20;

// Read by the handler.
int report_socket = -1;
char frame_bytes[kFrameBytesMax];
std::atomic<size_t> frame_size{0};
static_assert(std::atomic<size_t>::is_always_lock_free);

// The allocation that failed has just set errno; one that was too large to ask for is found by
// asking for less.
bool LacksMemory() {
  if (errno == ENOMEM) return true;
  void* const probe =
      ::mmap(nullptr, kProbeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return true;
  ::munmap(probe, kProbeBytes);
  return false;
}

void OnAbort(int) {
  const size_t size = frame_size.load();
  if (size == 0 || !LacksMemory()) return;  // abort(3) goes on to end the process
  const ssize_t sent = ::send(report_socket, frame_bytes, size, MSG_NOSIGNAL);
  ::_exit(sent == static_cast<ssize_t>(size) ? 0 : 1);
}

}  // namespace

void ReportAbortsForLackOfMemory(int socket) {
  report_socket = socket;
  struct sigaction action = {};
  action.sa_handler = OnAbort;
  ::sigaction(SIGABRT, &action, nullptr);
}

LastWords::LastWords(std::string_view frame) {
  if (frame.size() > kFrameBytesMax) return;
  std::memcpy(frame_bytes, frame.data(), frame.size());
  frame_size.store(frame.size());
}

LastWords::~LastWords() {
  frame_size.store(0);
}

}  // namespace shoumi::inspect
