#include "agent/session/guard/answer_box.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace shoumi::session {

absl::StatusOr<std::shared_ptr<AnswerBox>> AnswerBox::Make() {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return ErrnoStatus(errno, "eventfd");
  return std::shared_ptr<AnswerBox>(new AnswerBox(std::move(wake)));
}

void AnswerBox::Put(uint64_t id, bool pass) {
  {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(id, pass);
  }
  Wake();
}

std::vector<std::pair<uint64_t, bool>> AnswerBox::Take() {
  uint64_t count = 0;
  if (::read(wake_.get(), &count, sizeof count) < 0) return {};
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void AnswerBox::Wake() {
  const uint64_t one = 1;
  if (::write(wake_.get(), &one, sizeof one) < 0) return;  // full: it is awake
}

}  // namespace shoumi::session
