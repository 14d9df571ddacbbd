#include "agent/pipeline/identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "agent/pipeline/event_folder.h"

namespace shoumi::agent {
namespace {

v1::User Ask(Identity& identity, uint32_t uid) {
  std::promise<v1::User> promise;
  identity.Find(uid, [&](v1::User user) { promise.set_value(std::move(user)); });
  return promise.get_future().get();
}

TEST(Identity, AsksOnceUntilStaleAndHoldsItsBound) {
  FakeClock clock;
  std::atomic<int> asked{0};
  Identity::Options options;
  options.users_max = 3;
  Identity identity(clock, options, [&](uint32_t uid) {
    ++asked;
    v1::User user;
    user.set_uid(uid);
    user.set_name("u" + std::to_string(uid));
    return user;
  });
  EXPECT_FALSE(identity.Cached(7).has_value());
  EXPECT_EQ(Ask(identity, 7).name(), "u7");
  EXPECT_EQ(identity.Cached(7)->name(), "u7");
  EXPECT_EQ(Ask(identity, 7).name(), "u7");
  EXPECT_EQ(asked, 1);
  clock.Advance(std::chrono::seconds(301));
  EXPECT_FALSE(identity.Cached(7).has_value());
  EXPECT_EQ(Ask(identity, 7).name(), "u7");
  EXPECT_EQ(asked, 2);
  for (uint32_t uid = 10; uid < 13; ++uid) {
    clock.Advance(std::chrono::seconds(1));
    Ask(identity, uid);
  }
  EXPECT_FALSE(identity.Cached(7).has_value());
  EXPECT_TRUE(identity.Cached(12).has_value());
}

TEST(Identity, ManyWaitingAreAnsweredWithTheNumber) {
  FakeClock clock;
  std::promise<void> release;
  auto released = release.get_future().share();
  Identity::Options options;
  options.waiting_max = 1;
  std::atomic<bool> entered{false};
  std::atomic<int> done{0};
  {
    Identity identity(clock, options, [&](uint32_t uid) {
      entered = true;
      released.wait();
      v1::User user;
      user.set_uid(uid);
      user.set_name("slow");
      return user;
    });
    identity.Find(1, [&](const v1::User& user) { done += user.name() == "slow" ? 1 : 0; });
    while (!entered) std::this_thread::yield();
    identity.Find(2, [&](const v1::User&) { done += 10; });
    v1::User refused;
    identity.Find(3, [&](v1::User user) { refused = std::move(user); });
    EXPECT_EQ(refused.uid(), 3u);
    EXPECT_EQ(refused.name(), "");
    release.set_value();
  }
  EXPECT_EQ(done, 11);
}

TEST(Identity, NssKnowsRoot) {
  const v1::User user = Identity::LookupNss(0);
  EXPECT_EQ(user.name(), "root");
  ASSERT_GT(user.groups_size(), 0);
  EXPECT_EQ(user.groups(0), "root");
}

TEST(Identity, ProgramOfThisProcess) {
  const v1::Program program = ProgramOf(::getpid());
  EXPECT_EQ(program.name(), "pipeline_test");
  EXPECT_EQ(ProgramOf(0x7FFFFFF0).executable(), "");
}

TEST(EventFolder, RepeatsBecomeACount) {
  FakeClock clock;
  EventFolder folder(clock);
  EXPECT_TRUE(folder.Admit(v1::AgentEvent::KIND_BYPASS_ATTEMPT, "raw device"));
  EXPECT_FALSE(folder.Admit(v1::AgentEvent::KIND_BYPASS_ATTEMPT, "raw device"));
  EXPECT_FALSE(folder.Admit(v1::AgentEvent::KIND_BYPASS_ATTEMPT, "raw device"));
  EXPECT_TRUE(folder.Admit(v1::AgentEvent::KIND_BYPASS_ATTEMPT, "second mount"));
  EXPECT_TRUE(folder.Take(false).empty());
  clock.Advance(EventFolder::kWindow);
  const auto folded = folder.Take(false);
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].count, 2u);
  EXPECT_TRUE(folder.Admit(v1::AgentEvent::KIND_BYPASS_ATTEMPT, "raw device"));
}

}  // namespace
}  // namespace shoumi::agent
