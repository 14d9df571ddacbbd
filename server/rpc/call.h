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
// Of "authorization: Bearer TOKEN"; empty when there is none.
std::string BearerToken(const grpc::ServerContextBase& context);

// Says in the log that a caller was refused for who it is, or for calling too often; other errors
// are for the caller alone.
void LogIfRefused(std::string_view call, std::string_view peer, const absl::Status& status);

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

// Calls that anybody on the network can make, for each address.
struct PeerLimits {
  uint32_t calls_per_window_max = 300;
  std::chrono::seconds window{60};
  size_t addresses_max = 50'000;
};

class PeerLimiter {
 public:
  PeerLimiter(const PeerLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  // ResourceExhausted beyond the bound. Thread-safe.
  absl::Status Admit(const std::string& address);

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
