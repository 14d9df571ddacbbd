#include "common/installation.h"

#include <filesystem>
#include <system_error>

namespace shoumi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstalledInspect = "/usr/libexec/shoumi/shoumi-inspect";
constexpr const char* kInstalledPacks = "/usr/share/shoumi/packs";
constexpr int kFoldersUpMax = 4;  // build/<preset>/bin

fs::path OwnFolder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

std::string InspectProgram() {
  std::error_code error;
  const fs::path beside = OwnFolder() / "shoumi-inspect";
  return fs::exists(beside, error) ? beside.string() : kInstalledInspect;
}

std::string ShippedPacks() {
  std::error_code error;
  fs::path folder = OwnFolder();
  for (int i = 0; i < kFoldersUpMax && folder.has_relative_path(); ++i) {
    const fs::path packs = folder / "rules" / "packs";
    if (fs::is_directory(packs, error)) return packs.string();
    folder = folder.parent_path();
  }
  return fs::is_directory(kInstalledPacks, error) ? kInstalledPacks : "";
}

}  // namespace shoumi
