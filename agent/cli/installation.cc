#include "agent/cli/installation.h"

#include <filesystem>
#include <system_error>

#include "common/installation.h"

namespace shoumi::cli {
namespace {

constexpr const char* kInstalledInspect = "/usr/libexec/shoumi/shoumi-inspect";

}  // namespace

std::string InspectProgram() {
  std::error_code error;
  const std::filesystem::path beside = OwnFolder() / "shoumi-inspect";
  return std::filesystem::exists(beside, error) ? beside.string() : kInstalledInspect;
}

}  // namespace shoumi::cli
