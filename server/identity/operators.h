#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "server/identity/login_throttle.h"
#include "server/identity/password.h"
#include "server/store/store.h"

namespace shoumi::server {

struct OperatorOptions {
  PasswordCost password_cost;
  std::chrono::seconds token_valid = std::chrono::hours(8);
  LoginLimits login;
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
  // Takes that back: its password opens nothing, and the next call makes another.
  absl::Status WithdrawFirstAdministrator();

  // Unauthenticated for a wrong name or password alike, ResourceExhausted beyond a bound on guesses
  // from `network`, where the caller comes from.
  absl::StatusOr<LoggedIn> Login(std::string_view network, std::string_view name,
                                 std::string_view password);
  // Unauthenticated when the token is unknown or over.
  absl::StatusOr<OperatorIdentity> Authenticate(std::string_view token);
  // Ends all other tokens of the operator.
  absl::Status ChangePassword(std::string_view network, const OperatorIdentity& identity,
                              std::string_view old_password, std::string_view new_password);
  absl::Status Logout(const OperatorIdentity& identity);

  [[nodiscard]] uint64_t login_failures() const { return login_failures_; }

 private:
  Operators(const OperatorOptions& options, Store& store, const Clock& clock)
      : options_(options), store_(store), clock_(clock), throttle_(options.login, clock) {}
  absl::StatusOr<OperatorRow> CheckPassword(std::string_view network, std::string_view name,
                                            std::string_view password);

  const OperatorOptions options_;
  Store& store_;
  const Clock& clock_;
  std::string decoy_hash_;  // verified for unknown names, so that both answers take as long
  std::atomic<uint64_t> login_failures_ = 0;
  LoginThrottle throttle_;
};

}  // namespace shoumi::server
