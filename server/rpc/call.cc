#include "server/rpc/call.h"

#include <arpa/inet.h>
#include <grpc/grpc_security_constants.h>
#include <netinet/in.h>

#include <cstring>

namespace shoumi::server {

grpc::Status ToGrpc(const absl::Status& status) {
  // google.rpc.Code and absl::StatusCode have the same numbers.
  return {static_cast<grpc::StatusCode>(status.raw_code()), std::string(status.message())};
}

std::string PeerCertificate(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr) return {};
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (values.empty()) return {};
  return {values.front().data(), values.front().size()};
}

std::string PeerAddress(const grpc::ServerContextBase& context) {
  // "ipv4:192.0.2.7:1234", "ipv6:%5B::1%5D:1234"
  std::string peer = context.peer();
  if (const size_t scheme = peer.find(':'); scheme != std::string::npos) peer.erase(0, scheme + 1);
  if (const size_t port = peer.rfind(':'); port != std::string::npos) peer.erase(port);
  for (const std::string_view bracket : {"%5B", "%5D", "[", "]"}) {
    if (const size_t at = peer.find(bracket); at != std::string::npos) {
      peer.erase(at, bracket.size());
    }
  }
  return peer;
}

std::string NetworkOf(const std::string& address) {
  constexpr size_t kNetworkBytes = 8;
  constexpr size_t kMappedAt = 12;  // RFC 4291, 2.5.5.2
  in6_addr binary{};
  // A link-local address carries its interface: "fe80::1%eth0".
  const std::string plain = address.substr(0, address.find('%'));
  if (inet_pton(AF_INET6, plain.c_str(), &binary) != 1) return address;
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&binary)) {
    return inet_ntop(AF_INET, &binary.s6_addr[kMappedAt], text, sizeof text);
  }
  std::memset(&binary.s6_addr[kNetworkBytes], 0, sizeof binary - kNetworkBytes);
  return inet_ntop(AF_INET6, &binary, text, sizeof text);
}

std::string BearerToken(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto it = metadata.find("authorization");
  if (it == metadata.end()) return {};
  const std::string_view value(it->second.data(), it->second.size());
  constexpr std::string_view kScheme = "Bearer ";
  if (!value.starts_with(kScheme)) return {};
  return std::string(value.substr(kScheme.size()));
}

absl::Status PeerLimiter::Admit(const std::string& network) {
  const std::lock_guard lock(mutex_);
  const Clock::Steady now = clock_.Now();
  auto it = windows_.find(network);
  if (it == windows_.end()) {
    if (windows_.size() >= limits_.networks_max) {
      std::erase_if(windows_,
                    [&](const auto& entry) { return now - entry.second.since >= limits_.window; });
    }
    if (windows_.size() >= limits_.networks_max) {
      return absl::ResourceExhaustedError("too many callers; try again later");
    }
    it = windows_.emplace(network, Window{now, 0}).first;
  }
  Window& window = it->second;
  if (now - window.since >= limits_.window) window = {now, 0};
  if (window.calls >= limits_.calls_per_window_max) {
    return absl::ResourceExhaustedError("too many calls from this address; try again in a minute");
  }
  ++window.calls;
  return absl::OkStatus();
}

}  // namespace shoumi::server
