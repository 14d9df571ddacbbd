#pragma once

#include <string>
#include <string_view>

// What programs that call shoumi-server say about it, in the reader's language. Their options for
// it are --server HOST:PORT and --ca FILE.
namespace shoumi {

// What is wrong with a --server; empty when nothing is.
std::string ServerProblem(const std::string& server);

// What is wrong with the content of a --ca file; empty when nothing is.
std::string CaProblem(const std::string& file, std::string_view pem);

// One sentence with what to do, for what gRPC says where two sides did not meet (UNAVAILABLE).
std::string WhyUnreachable(const std::string& server, std::string_view grpc_text);

}  // namespace shoumi
