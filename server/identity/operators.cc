#include "server/identity/operators.h"

#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenTextBytesMax = 128;
constexpr size_t kNameBytesMax = 64;
constexpr char kFirstName[] = "admin";

absl::Status WrongLogin() {
  return absl::UnauthenticatedError("user or password is wrong");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Operators>> Operators::Create(const OperatorOptions& options,
                                                             Store& store, const Clock& clock) {
  std::unique_ptr<Operators> operators(new Operators(options, store, clock));
  auto decoy = HashPassword(NewOneTimePassword(), options.password_cost);
  if (!decoy.ok()) return decoy.status();
  operators->decoy_hash_ = std::move(*decoy);
  return operators;
}

absl::Status Operators::WithdrawFirstAdministrator() {
  return store_.DeleteOperator(kFirstName);
}

absl::StatusOr<bool> Operators::CreateFirstAdministrator(
    const std::function<absl::Status(std::string_view password)>& deliver) {
  const auto count = store_.CountOperators();
  if (!count.ok()) return count.status();
  if (*count > 0) return false;
  std::string password = NewOneTimePassword();
  auto hash = HashPassword(password, options_.password_cost);
  if (!hash.ok()) return hash.status();
  if (auto status = deliver(password); !status.ok()) return status;
  crypto::Wipe(password);
  const Clock::Wall now = clock_.WallNow();
  if (auto status = store_.AddOperator({kFirstName, std::move(*hash), true, now, now});
      !status.ok()) {
    return status;
  }
  return true;
}

absl::StatusOr<OperatorRow> Operators::CheckPassword(std::string_view network,
                                                     std::string_view name,
                                                     std::string_view password) {
  if (name.empty() || name.size() > kNameBytesMax) return WrongLogin();
  const LoginThrottle::Source source{network, name};
  if (auto status = throttle_.Attempt(source); !status.ok()) {
    ++login_failures_;
    return status;
  }
  auto row = store_.GetOperator(name);
  if (!row.ok() && row.status().code() != absl::StatusCode::kNotFound) return row;
  const bool matches = PasswordMatches(password, row.ok() ? row->password_hash : decoy_hash_);
  if (!row.ok() || !matches) {
    ++login_failures_;
    return WrongLogin();
  }
  throttle_.Forgive(source);
  return row;
}

absl::StatusOr<LoggedIn> Operators::Login(std::string_view network, std::string_view name,
                                          std::string_view password) {
  const auto row = CheckPassword(network, name, password);
  if (!row.ok()) return row.status();
  const Clock::Wall now = clock_.WallNow();
  if (const auto swept = store_.DeleteExpiredTokens(now); !swept.ok()) return swept.status();
  LoggedIn result;
  result.token = crypto::ToBase64Url(crypto::RandomBytes(kTokenBytes));
  result.expires = now + options_.token_valid;
  result.must_change_password = row->must_change_password;
  const OperatorTokenRow token{crypto::Sha256Hex(result.token), row->name, now, result.expires};
  if (auto status = store_.AddOperatorToken(token); !status.ok()) return status;
  return result;
}

absl::StatusOr<OperatorIdentity> Operators::Authenticate(std::string_view token) {
  const auto refused = absl::UnauthenticatedError("not logged in, or the login is over");
  if (token.empty() || token.size() > kTokenTextBytesMax) return refused;
  const std::string hash = crypto::Sha256Hex(token);
  const auto row = store_.GetOperatorToken(hash);
  if (row.status().code() == absl::StatusCode::kNotFound) return refused;
  if (!row.ok()) return row.status();
  if (!crypto::ConstantTimeEqual(row->token_sha256, hash) || clock_.WallNow() >= row->expires) {
    return refused;
  }
  const auto account = store_.GetOperator(row->operator_name);
  if (!account.ok()) return account.status();
  return OperatorIdentity{account->name, account->must_change_password, hash};
}

absl::Status Operators::ChangePassword(std::string_view network, const OperatorIdentity& identity,
                                       std::string_view old_password,
                                       std::string_view new_password) {
  if (auto status = CheckNewPassword(new_password); !status.ok()) return status;
  if (old_password == new_password) {
    return absl::InvalidArgumentError("the new password must differ from the old one");
  }
  const auto row = CheckPassword(network, identity.name, old_password);
  if (!row.ok()) {
    // The caller is logged in: Unauthenticated would say that the token is wrong.
    return absl::IsUnauthenticated(row.status())
               ? absl::PermissionDeniedError("the old password is wrong")
               : row.status();
  }
  const auto hash = HashPassword(new_password, options_.password_cost);
  if (!hash.ok()) return hash.status();
  return store_.SetPassword(identity.name, *hash, clock_.WallNow(), identity.token_sha256);
}

absl::Status Operators::Logout(const OperatorIdentity& identity) {
  return store_.DeleteOperatorToken(identity.token_sha256);
}

}  // namespace shoumi::server
