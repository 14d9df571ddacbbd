#include "agent/channels/attachments/preference.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

namespace shoumi::agent::attachments {

void PreferThisThread() {
  constexpr int kNice = -15;
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  if (::setpriority(PRIO_PROCESS, thread, kNice) != 0) {
    spdlog::info("attachments: threads that answer opens go without preference");
  }
}

}  // namespace shoumi::agent::attachments
