#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "server/identity/password.h"
#include "server/store/store.h"

namespace shoumi::server {

struct OperatorOptions {
  PasswordCost password_cost;
  std::chrono::seconds token_valid = std::chrono::hours(8);
  // Failed logins of one user within the window before further ones are refused unseen.
  uint32_t login_failures_max = 5;
  std::chrono::seconds login_window = std::chrono::minutes(1);
  size_t login_users_max = 10'000;  // users whose failures are remembered
};

struct OperatorIdentity {
  std::string name;
  bool must_change_password = false;
  std::string token_sha256;
};
struct LoggedIn {
  std::string token;
  Clock::Wall expires;
  bool must_change_password = false;
};

// The people who run the server. Thread-safe; blocks on the store and on argon2id.
class Operators {
 public:
  // `store` and `clock` outlive the object.
  static absl::StatusOr<std::unique_ptr<Operators>> Create(const OperatorOptions& options,
                                                           Store& store, const Clock& clock);

  // Where there is no operator yet: makes `admin` with a one-time password, which `deliver` gets
  // before the account exists; its error is returned. True when one was made.
  absl::StatusOr<bool> CreateFirstAdministrator(
      const std::function<absl::Status(std::string_view password)>& deliver);

  // Unauthenticated for a wrong name or password alike, ResourceExhausted beyond the rate limit.
  absl::StatusOr<LoggedIn> Login(std::string_view name, std::string_view password);
  // Unauthenticated when the token is unknown or over.
  absl::StatusOr<OperatorIdentity> Authenticate(std::string_view token);
  // Ends all other tokens of the operator.
  absl::Status ChangePassword(const OperatorIdentity& identity, std::string_view old_password,
                              std::string_view new_password);
  absl::Status Logout(const OperatorIdentity& identity);

  [[nodiscard]] uint64_t login_failures() const { return login_failures_; }

 private:
  struct Failures {
    Clock::Steady since;
    uint32_t count = 0;
  };

  Operators(const OperatorOptions& options, Store& store, const Clock& clock)
      : options_(options), store_(store), clock_(clock) {}
  // Takes one attempt of the user's; given back by Forgive when the password was right.
  absl::Status Attempt(std::string_view name);
  void Forgive(std::string_view name);
  absl::StatusOr<OperatorRow> CheckPassword(std::string_view name, std::string_view password);

  const OperatorOptions options_;
  Store& store_;
  const Clock& clock_;
  std::string decoy_hash_;  // verified for unknown names, so that both answers take as long
  std::atomic<uint64_t> login_failures_ = 0;
  std::mutex mutex_;
  std::map<std::string, Failures, std::less<>> failures_;
};

}  // namespace shoumi::server
