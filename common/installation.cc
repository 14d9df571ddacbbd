#include "common/installation.h"

#include <system_error>

namespace shoumi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstalledPacks = "/usr/share/shoumi/packs";
constexpr int kFoldersUpMax = 4;  // build/<preset>/bin

}  // namespace

fs::path OwnFolder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
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
