#pragma once

namespace shoumi::agent::attachments {

// For threads that somebody's open(2) waits for: they do little, and go before others. Where the
// system does not allow it, the thread goes on as it is.
void PreferThisThread();

}  // namespace shoumi::agent::attachments
