#include "agent/channels/attachments/listener.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/channels/attachments/preference.h"

namespace shoumi::agent::attachments {
Listener::Listener(std::shared_ptr<FanotifyGroup> group, Openers& openers, EventSink& sink,
                   Rules rules, ListenerOptions options)
    : group_(std::move(group)),
      openers_(openers),
      rules_(std::move(rules)),
      served_(options.served),
      system_(std::move(options.system)),
      self_(::getpid()),
      clean_(std::make_unique<CleanFiles>(group_, sink, options.clean, options.ahead)) {
  judge_ = std::make_unique<OpenJudge>(
      sink, std::move(options.judged), options.judge, served_,
      [this](UniqueFd file) {
        if (!served_) clean_->Offer(std::move(file));
      },
      std::move(options.planted));
}

absl::StatusOr<std::shared_ptr<Listener>> Listener::Start(Openers& openers, EventSink& sink,
                                                          Rules rules, ListenerOptions options) {
  absl::StatusOr<std::shared_ptr<FanotifyGroup>> group = FanotifyGroup::Create();
  if (!group.ok()) return group.status();
  std::shared_ptr<Listener> listener(
      new Listener(*std::move(group), openers, sink, std::move(rules), std::move(options)));
  listener->thread_ = std::thread([l = listener.get()] { l->Run(); });
  return listener;
}

void Listener::Stop() {
  if (stopping_.exchange(true)) return;
  group_->Close();
  if (thread_.joinable()) thread_.join();
  judge_->Stop();
  clean_->Stop();
}

absl::Status Listener::covered() const {
  const std::lock_guard lock(mutex_);
  return covered_;
}

absl::Status Listener::MarkServed() {
  if (system_.only_user > 0) {
    return group_->AddFileSystemOf(static_cast<uid_t>(system_.only_user),
                                   static_cast<gid_t>(std::max<int64_t>(system_.only_group, 0)),
                                   system_.mounts);
  }
  const absl::StatusOr<UniqueFd> mount = OpenMount(system_);
  if (!mount.ok()) return mount.status();
  return group_->AddFileSystem(mount->get());
}

void Listener::Run() {
  PreferThisThread();
  if (served_) {
    absl::Status marked = MarkServed();
    const std::lock_guard lock(mutex_);
    covered_ = std::move(marked);
  }
  const FanotifyGroup::Sink sink{
      .open = [this](std::unique_ptr<PendingOpen> open) { Answer(std::move(open)); },
      .written =
          [this](UniqueFd file) {
            ++counters_.writable_closes;
            clean_->Written(std::move(file));
          },
      .lost =
          [this] {
            ++counters_.flushes;
            clean_->Reset();
          }};
  while (!stopping_ && group_->Read(sink)) group_->Wait(-1);
}

void Listener::Answer(std::unique_ptr<PendingOpen> open) {
  ++counters_.opens;
  if (open->pid() == self_) {
    ++counters_.own;
    return open->Answer(true);
  }
  const std::shared_ptr<const RulesInForce> rules = rules_();
  if (rules == nullptr || !rules->active()) return PassUnwatched(*open);
  if (auto opener = openers_.Find(open->pid(), rules)) {
    return Route(std::move(open), std::move(opener));
  }
  // std::function wants to be copied.
  const auto held = std::make_shared<std::unique_ptr<PendingOpen>>(std::move(open));
  const bool asked = openers_.Identify(
      (*held)->pid(), rules, [weak = weak_from_this(), held](std::shared_ptr<const Opener> opener) {
        if (const auto self = weak.lock()) self->Route(std::move(*held), std::move(opener));
      });
  if (asked) return;
  ++counters_.unidentified;
  (*held)->Answer(true);
}

void Listener::Route(std::unique_ptr<PendingOpen> open, std::shared_ptr<const Opener> opener) {
  if (opener == nullptr) {
    ++counters_.unidentified;
    return open->Answer(true);
  }
  if (!opener->watched) return PassUnwatched(*open);
  ++counters_.watched;
  judge_->Take(std::move(open), std::move(opener));
}

void Listener::PassUnwatched(PendingOpen& open) {
  ++counters_.unwatched;
  open.Answer(true);
  if (!served_) clean_->Offer(open.TakeFile());
}

}  // namespace shoumi::agent::attachments
