#pragma once

#include <chrono>
#include <string>
#include <string_view>

// What no honest caller makes.
namespace shoumi::server {

// PEM request for a fresh RSA key of so many bits, signed by it.
std::string RsaRequest(int bits);
// PEM request for a fresh P-256 key that asks for `subject`, CA:TRUE and the right to sign.
std::string RequestToBeAnAuthority(std::string_view subject);

// Shakes hands with nothing newer than this TLS version (TLS1_1_VERSION, …) and the weakest
// settings OpenSSL has. Empty when it succeeds, else OpenSSL's reason.
std::string HandshakeProblem(const std::string& address, int version_max);

// Connects, says nothing, and waits until the server closes. False when it has not by then.
bool ClosesASilentConnection(const std::string& address, std::chrono::milliseconds within);

}  // namespace shoumi::server
