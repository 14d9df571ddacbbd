#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.h"
#include "shoumi/v1/event.pb.h"

namespace shoumi::agent {

// Names and groups of users. NSS may ask a directory over the network, so it is only ever asked on
// a thread of its own, and the answers are kept for a while. Thread-safe.
class Identity {
 public:
  using Lookup = std::function<v1::User(uint32_t uid)>;
  using Done = std::function<void(v1::User)>;

  struct Options {
    uint32_t users_max = 256;     // kept
    uint32_t waiting_max = 1024;  // lookups asked for
    std::chrono::seconds fresh_s_max{300};
  };

  Identity(Clock& clock, Options options, Lookup lookup = LookupNss);
  // Waits for the lookup that runs; those that wait are answered with the number alone.
  ~Identity();

  [[nodiscard]] std::optional<v1::User> Cached(uint32_t uid) const;
  // Calls `done` on the lookup thread, or at once with the number alone when too many wait.
  void Find(uint32_t uid, Done done);

  static v1::User LookupNss(uint32_t uid);

 private:
  struct Entry {
    v1::User user;
    Clock::Steady since;
  };
  void Run();
  void Keep(uint32_t uid, const v1::User& user);

  Clock& clock_;
  const Options options_;
  const Lookup lookup_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::map<uint32_t, Entry> users_;
  std::deque<std::pair<uint32_t, Done>> waiting_;
  bool closing_ = false;
  std::thread thread_;
};

// /proc/PID/exe and its base name; empty where the process is gone.
v1::Program ProgramOf(int32_t pid);

}  // namespace shoumi::agent
