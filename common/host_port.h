#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoumi {

// The port of "HOST:PORT", where HOST is a name, an IPv4 address or an IPv6 address in brackets.
// Nothing for any other text: gRPC would take a port modulo 65536 and a missing one for 443.
std::optional<uint16_t> PortOf(std::string_view host_port);

}  // namespace shoumi
