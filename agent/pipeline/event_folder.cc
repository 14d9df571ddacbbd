#include "agent/pipeline/event_folder.h"

namespace shoumi::agent {

bool EventFolder::Admit(v1::AgentEvent::Kind kind, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  const auto found = windows_.find({kind, detail});
  if (found != windows_.end()) {
    ++found->second.repeats;
    return false;
  }
  // Beyond the bound nothing is folded, so nothing is lost: the spool has its own bound.
  if (windows_.size() < kKindsMax) windows_[{kind, detail}] = {clock_.Now(), 0};
  return true;
}

std::vector<EventFolder::Folded> EventFolder::Take(bool all) {
  const std::lock_guard lock(mutex_);
  std::vector<Folded> folded;
  for (auto it = windows_.begin(); it != windows_.end();) {
    if (!all && clock_.Now() - it->second.start < kWindow) {
      ++it;
      continue;
    }
    if (it->second.repeats > 0) {
      folded.push_back({static_cast<v1::AgentEvent::Kind>(it->first.first), it->first.second,
                        it->second.repeats});
    }
    it = windows_.erase(it);
  }
  return folded;
}

}  // namespace shoumi::agent
