#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/clock.h"

// What every handler needs: one conversion of errors, who is calling, and how often.
namespace shoumi::server {

grpc::Status ToGrpc(const absl::Status& status);

// The certificate that TLS verified, PEM; empty when the peer showed none.
std::string PeerCertificate(const grpc::ServerContextBase& context);
// Address without port: "192.0.2.7", "::1".
std::string PeerAddress(const grpc::ServerContextBase& context);
// What one caller has at its disposal: an IPv4 address, also one mapped into IPv6, or the /64 of an
// IPv6 address ("2001:db8:1:2::").
std::string NetworkOf(const std::string& address);
// Of "authorization: Bearer TOKEN"; empty when there is none.
std::string BearerToken(const grpc::ServerContextBase& context);

// Finished calls by status code (google.rpc.Code, 0..16).
class RpcCounters {
 public:
  void Count(const absl::Status& status) {
    ++codes_[std::min<size_t>(static_cast<size_t>(status.raw_code()), codes_.size() - 1)];
  }
  [[nodiscard]] uint64_t of(size_t code) const { return codes_.at(code); }

 private:
  std::array<std::atomic<uint64_t>, 17> codes_{};
};

// Calls that anybody can make, for each network.
struct PeerLimits {
  uint32_t calls_per_window_max = 300;
  std::chrono::seconds window{60};
  size_t networks_max = 50'000;
};

class PeerLimiter {
 public:
  PeerLimiter(const PeerLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  // ResourceExhausted beyond the bound. Thread-safe.
  absl::Status Admit(const std::string& network);

 private:
  struct Window {
    Clock::Steady since;
    uint32_t calls = 0;
  };
  const PeerLimits limits_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Window> windows_;
};

}  // namespace shoumi::server
