#include "server/ctl/client.h"

#include <ctime>
#include <string_view>

#include "common/fd.h"
#include "common/terminal/language.h"
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

// gRPC has one status for everything that keeps two sides from meeting; its text tells them apart.
absl::Status Unreachable(const std::string& server, std::string_view text) {
  const auto says = [&](std::string_view words) { return text.find(words) != text.npos; };
  constexpr auto kCode = absl::StatusCode::kUnavailable;
  // The two reasons shoumi-server itself gives.
  if (text.starts_with("store: ") || text.starts_with("the server ")) {
    return {kCode, fmt::format("{}: {}", server, text)};
  }
  if (says("certificate verify failed")) {
    return Told(kCode,
                "the certificate of {} is not from the authority in the CA file; take ca.pem from "
                "the state folder of that server (--ca FILE)",
                "{} 的证书不是由 CA 文件中的机构签发的；请使用该服务器状态目录中的 ca.pem（--ca "
                "FILE）",
                server);
  }
  if (says("is not in peer certificate")) {
    return Told(kCode,
                "the certificate of {} does not carry that name; use a name it carries, or start "
                "the server with --name",
                "{} 的证书不含该名称；请使用证书中的名称，或以 --name 启动服务器", server);
  }
  if (says("handshake failed")) {
    return Told(kCode, "{} does not speak TLS as shoumi-server does; is the port right?",
                "{} 不是 shoumi-server 的 TLS 服务；端口是否正确？", server);
  }
  if (says("DNS resolution failed")) {
    return Told(kCode, "no address is known for {}; check the name (--server HOST:PORT)",
                "无法解析 {}；请检查名称（--server HOST:PORT）", server);
  }
  return Told(kCode,
              "shoumi-server cannot be reached at {}; is it running, and is the address right "
              "(--server HOST:PORT)?",
              "无法连接 {} 上的 shoumi-server；它是否在运行，地址是否正确（--server HOST:PORT）？",
              server);
}

}  // namespace

absl::Status Client::Explain(const grpc::Status& status) const {
  const std::string& text = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Unreachable(options_.server, text);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Told(absl::StatusCode::kDeadlineExceeded,
                  "{} did not answer within {} s; --timeout SECONDS gives it longer",
                  "{} 在 {} 秒内没有应答；可用 --timeout SECONDS 延长", options_.server,
                  options_.timeout.count());
    case grpc::StatusCode::UNAUTHENTICATED:
      if (options_.token.empty()) return absl::UnauthenticatedError(text);
      return Told(absl::StatusCode::kUnauthenticated,
                  "the login at {} is over; run: shoumictl login --user NAME",
                  "在 {} 的登录已失效；请运行：shoumictl login --user NAME", options_.server);
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
  if (ca->find("-----BEGIN CERTIFICATE-----") == ca->npos) {
    return Told(
        absl::StatusCode::kInvalidArgument,
        "{} holds no certificate in PEM form; --ca takes ca.pem of the server's state folder",
        "{} 不含 PEM 格式的证书；--ca 需要服务器状态目录中的 ca.pem", ca_file);
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
