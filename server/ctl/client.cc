#include "server/ctl/client.h"

#include <ctime>

#include "common/fd.h"
#include "common/terminal/language.h"
#include "common/terminal/server_reach.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/session_file.h"

namespace shoumi::ctl {
namespace {

constexpr size_t kCaBytesMax = 1 << 20;
// A page of devices, each with its state.
constexpr int kMessageBytesMax = 64 << 20;

template <typename... Arguments>
absl::Status Told(absl::StatusCode code, const char* english, const char* chinese,
                  const Arguments&... arguments) {
  return {code, fmt::format(fmt::runtime(Say(english, chinese)), arguments...)};
}

}  // namespace

absl::Status Client::Explain(const grpc::Status& status) const {
  const std::string& text = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::UnavailableError(WhyUnreachable(options_.server, text));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Told(absl::StatusCode::kDeadlineExceeded,
                  "{} did not answer within {} s; --timeout SECONDS gives it longer",
                  "{} 在 {} 秒内没有应答；可用 --timeout SECONDS 延长", options_.server,
                  options_.timeout.count());
    case grpc::StatusCode::UNAUTHENTICATED:
      if (options_.token.empty()) {
        return absl::UnauthenticatedError(Say("user or password is wrong", "用户名或密码错误"));
      }
      return Told(absl::StatusCode::kUnauthenticated,
                  "the login at {} is over; run: shoumictl login --user NAME",
                  "在 {} 的登录已失效；请运行：shoumictl login --user NAME", options_.server);
    case grpc::StatusCode::FAILED_PRECONDITION:
      if (text.find("shoumictl passwd") == text.npos) return absl::FailedPreconditionError(text);
      return Told(absl::StatusCode::kFailedPrecondition,
                  "the one-time password must be changed first; run: shoumictl passwd",
                  "必须先修改一次性密码；请运行：shoumictl passwd");
    case grpc::StatusCode::UNIMPLEMENTED:
      return Told(absl::StatusCode::kUnimplemented,
                  "{} does not know this command; is it a shoumi-server of this version?",
                  "{} 不支持此命令；它是否为同一版本的 shoumi-server？", options_.server);
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          text.empty() ? "the server gave no reason" : text);
  }
}

absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& server,
                                                const std::string& ca_file,
                                                const Client::Options& options) {
  grpc::SslCredentialsOptions tls;
  auto ca = ReadFile(ca_file, kCaBytesMax);
  if (!ca.ok()) return ca.status();
  if (const std::string problem = CaProblem(ca_file, *ca); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  tls.pem_root_certs = *std::move(ca);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return std::make_unique<Client>(
      grpc::CreateCustomChannel(server, grpc::SslCredentials(tls), arguments), options);
}

absl::StatusOr<std::unique_ptr<Client>> SignedIn(const Global& global) {
  const auto file = LoginFile();
  if (!file.ok()) return file.status();
  const auto login = LoadLogin(*file);
  if (absl::IsNotFound(login.status())) {
    return Told(absl::StatusCode::kNotFound,
                "not signed in; run: shoumictl --server HOST:PORT --ca FILE login --user NAME",
                "尚未登录；请运行：shoumictl --server HOST:PORT --ca FILE login --user NAME");
  }
  if (!login.ok()) return login.status();
  if (!global.server.empty() && global.server != login->server) {
    return Told(absl::StatusCode::kFailedPrecondition,
                "the saved login is for {}, not {}; run: shoumictl --server {} --ca FILE login "
                "--user NAME",
                "已保存的登录属于 {}，而不是 {}；请运行：shoumictl --server {} --ca FILE login "
                "--user NAME",
                login->server, global.server, global.server);
  }
  if (login->expires_unix_s <= std::time(nullptr)) {
    google::protobuf::Timestamp ended;
    ended.set_seconds(login->expires_unix_s);
    return Told(absl::StatusCode::kUnauthenticated,
                "the login of {} ended on {}; run: shoumictl login --user {}",
                "{} 的登录已于 {} 到期；请运行：shoumictl login --user {}", login->user,
                LocalTime(ended), login->user);
  }
  return Connect(login->server, global.ca_file.empty() ? login->ca_file : global.ca_file,
                 {login->server, login->token, std::chrono::seconds(global.timeout_s)});
}

}  // namespace shoumi::ctl
