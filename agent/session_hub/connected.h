#pragma once

#include <sys/types.h>

#include <string>

#include "shoumi/v1/session.pb.h"

namespace shoumi::agent {

// A session program that is connected.
struct ConnectedSession {
  uid_t uid = 0;
  std::string session;
  std::string display;
  v1::DisplayKind kind = v1::DISPLAY_KIND_UNSPECIFIED;
  bool guarding = false;
  std::string why;  // when it is not; of XWayland, why its compositor is not
};

}  // namespace shoumi::agent
