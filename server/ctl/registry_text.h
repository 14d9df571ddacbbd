#pragma once

#include <string>

#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// Problems, one line each as compilers print them, then what was imported (or would be, `check`).
std::string ImportText(const v1::ImportRegistryResponse& response, bool check);
std::string RegistriesText(const v1::ListRegistriesResponse& response, bool colour);
// "12.3 MiB".
std::string Bytes(uint64_t bytes);

}  // namespace shoumi::ctl
