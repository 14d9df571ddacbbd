#include <filesystem>
#include <memory>

#include "common/crypto/crypto.h"
#include "common/ids.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/password.h"
#include "server/ctl/session_file.h"

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;

struct Options {
  std::string user;
  std::string password_file;
  std::string old_password_file;
  std::string new_password_file;
};

absl::StatusOr<std::string> Password(const std::string& file, const char* prompt,
                                     const char* flag) {
  return file.empty() ? AskPassword(prompt, flag) : ReadPasswordFile(file);
}

// Where to sign in: the flags, else where the last login was.
absl::StatusOr<SavedLogin> Target(const Global& global, const std::filesystem::path& file) {
  SavedLogin target;
  target.server = global.server;
  if (!global.ca_file.empty()) {
    std::error_code error;
    target.ca_file = std::filesystem::absolute(global.ca_file, error).string();
  }
  if (!target.server.empty() && !target.ca_file.empty()) return target;
  const auto before = LoadLogin(file);
  if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
  if (target.server.empty() && before.ok()) target.server = before->server;
  if (target.ca_file.empty() && before.ok() && before->server == target.server) {
    target.ca_file = before->ca_file;
  }
  if (!target.server.empty() && !target.ca_file.empty()) return target;
  return absl::InvalidArgumentError(
      Say("no login is saved for it, so --server HOST:PORT and --ca FILE (ca.pem of the server's "
          "state folder) are needed",
          "没有已保存的登录，因此需要 --server HOST:PORT 和 --ca FILE（服务器状态目录中的 "
          "ca.pem）"));
}

absl::Status Login(const Global& global, const Options& options) {
  const auto file = LoginFile();
  if (!file.ok()) return file.status();
  auto login = Target(global, *file);
  if (!login.ok()) return login.status();
  const auto client = Connect(login->server, login->ca_file,
                              {login->server, "", std::chrono::seconds(global.timeout_s)});
  if (!client.ok()) return client.status();
  auto password =
      Password(options.password_file, Say("Password: ", "密码："), "--password-file FILE");
  if (!password.ok()) return password.status();
  v1::LoginRequest request;
  request.set_user(options.user);
  request.set_password(*password);
  crypto::Wipe(*password);
  const auto response = (*client)->Call(&Stub::Login, request);
  crypto::Wipe(*request.mutable_password());
  if (!response.ok()) return response.status();
  login->user = options.user;
  login->token = response->token();
  login->expires_unix_s = response->expires().seconds();
  if (auto status = SaveLogin(*file, *login); !status.ok()) return status;
  Out(fmt::format(
      fmt::runtime(Say("Signed in at {} as {} until {}.\n", "已登录 {}，用户 {}，有效期至 {}。\n")),
      Printable(login->server), Printable(login->user), LocalTime(response->expires())));
  if (response->must_change_password()) {
    Out(Say("This password is for one time: change it now with shoumictl passwd.\n",
            "这是一次性密码：请立即用 shoumictl passwd 修改。\n"));
  }
  return absl::OkStatus();
}

absl::Status Logout(const Global& global) {
  const auto file = LoginFile();
  if (!file.ok()) return file.status();
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto response = (*client)->Call(&Stub::Logout, v1::LogoutRequest());
  // A token that the server does not know any more is no reason to keep it.
  if (!response.ok() && !absl::IsUnauthenticated(response.status())) return response.status();
  if (auto status = RemoveLogin(*file); !status.ok()) return status;
  Out(Say("Signed out.\n", "已退出登录。\n"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> NewPassword(const std::string& file) {
  constexpr const char* kFlag = "--new-password-file FILE";
  auto once = Password(file, Say("New password: ", "新密码："), kFlag);
  if (!once.ok() || !file.empty()) return once;
  auto again = AskPassword(Say("New password again: ", "再次输入新密码："), kFlag);
  if (!again.ok()) return again.status();
  const bool same = *once == *again;
  crypto::Wipe(*again);
  if (same) return once;
  crypto::Wipe(*once);
  return absl::InvalidArgumentError(
      Say("the two new passwords differ; nothing was changed", "两次输入的新密码不同；未作修改"));
}

absl::Status ChangePassword(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  auto old_password = Password(options.old_password_file, Say("Old password: ", "旧密码："),
                               "--old-password-file FILE");
  if (!old_password.ok()) return old_password.status();
  auto new_password = NewPassword(options.new_password_file);
  if (!new_password.ok()) return new_password.status();
  v1::ChangePasswordRequest request;
  request.set_old_password(*old_password);
  request.set_new_password(*new_password);
  crypto::Wipe(*old_password);
  crypto::Wipe(*new_password);
  const auto response = (*client)->Call(&Stub::ChangePassword, request);
  crypto::Wipe(*request.mutable_old_password());
  crypto::Wipe(*request.mutable_new_password());
  if (!response.ok()) return response.status();
  Out(Say("The password is changed.\n", "密码已修改。\n"));
  return absl::OkStatus();
}

}  // namespace

void AddLogin(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const login = app.add_subcommand("login", Say("sign in at a server", "登录服务器"));
  login->add_option("--user", options->user, Say("name of the operator", "管理员用户名"))
      ->required()
      ->type_name("NAME");
  login
      ->add_option("--password-file", options->password_file,
                   Say("file with the password, mode 0600 (default: ask on the terminal)",
                       "密码文件，权限 0600（默认：在终端询问）"))
      ->type_name("FILE");
  login->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(Login(global, *options)); });

  CLI::App* const logout = app.add_subcommand(
      "logout", Say("end the login, here and at the server", "退出登录（本机和服务器）"));
  logout->callback([&global, &exit_status] { exit_status = ExitStatus(Logout(global)); });

  CLI::App* const passwd =
      app.add_subcommand("passwd", Say("change your password", "修改自己的密码"));
  passwd
      ->add_option("--old-password-file", options->old_password_file,
                   Say("file with the old password, mode 0600 (default: ask)",
                       "旧密码文件，权限 0600（默认：询问）"))
      ->type_name("FILE");
  passwd
      ->add_option("--new-password-file", options->new_password_file,
                   Say("file with the new password, mode 0600 (default: ask twice)",
                       "新密码文件，权限 0600（默认：询问两次）"))
      ->type_name("FILE");
  passwd->callback([&global, options, &exit_status] {
    exit_status = ExitStatus(ChangePassword(global, *options));
  });
}

}  // namespace shoumi::ctl
