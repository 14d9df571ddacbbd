#include "common/terminal/server_reach.h"

#include "common/host_port.h"
#include "common/terminal/language.h"
#include "fmt/format.h"

namespace shoumi {
namespace {

std::string Told(const char* english, const char* chinese, const std::string& about) {
  return fmt::format(fmt::runtime(Say(english, chinese)), about);
}

}  // namespace

std::string ServerProblem(const std::string& server) {
  if (PortOf(server).value_or(0) != 0) return "";
  return Told("{} is not HOST:PORT with a port of 1 to 65535, such as dlp.example.com:7443",
              "{} 不是 HOST:PORT（端口 1 至 65535），例如 dlp.example.com:7443", server);
}

std::string CaProblem(const std::string& file, std::string_view pem) {
  if (pem.find("-----BEGIN CERTIFICATE-----") != pem.npos) return "";
  return Told("{} holds no certificate in PEM form; --ca takes ca.pem of the server's state folder",
              "{} 不含 PEM 格式的证书；--ca 需要服务器状态目录中的 ca.pem", file);
}

std::string WhyUnreachable(const std::string& server, std::string_view grpc_text) {
  const auto says = [&](std::string_view words) { return grpc_text.find(words) != grpc_text.npos; };
  // The two reasons shoumi-server itself gives.
  if (grpc_text.starts_with("store: ") || grpc_text.starts_with("the server ")) {
    return fmt::format("{}: {}", server, grpc_text);
  }
  // gRPC has one status for all of this; its text tells them apart.
  if (says("certificate verify failed")) {
    return Told(
        "the certificate of {} is not from the authority in the CA file; take ca.pem from the "
        "state "
        "folder of that server (--ca FILE)",
        "{} 的证书不是由 CA 文件中的机构签发的；请使用该服务器状态目录中的 ca.pem（--ca FILE）",
        server);
  }
  if (says("is not in peer certificate")) {
    return Told(
        "the certificate of {} does not carry that name; use a name it carries, or start the "
        "server "
        "with --name",
        "{} 的证书不含该名称；请使用证书中的名称，或以 --name 启动服务器", server);
  }
  if (says("handshake failed")) {
    return Told("{} does not speak TLS as shoumi-server does; is the port right?",
                "{} 不是 shoumi-server 的 TLS 服务；端口是否正确？", server);
  }
  if (says("DNS resolution failed")) {
    return Told("no address is known for {}; check the name (--server HOST:PORT)",
                "无法解析 {}；请检查名称（--server HOST:PORT）", server);
  }
  return Told(
      "shoumi-server cannot be reached at {}; is it running, and is the address right (--server "
      "HOST:PORT)?",
      "无法连接 {} 上的 shoumi-server；它是否在运行，地址是否正确（--server HOST:PORT）？", server);
}

}  // namespace shoumi
