#include "common/installation.h"

#include <filesystem>
#include <system_error>

namespace shoumi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstalledPrograms = "/usr/libexec/shoumi";
constexpr const char* kInstalledData = "/usr/share/shoumi";
constexpr int kFoldersUpMax = 4;  // build/<preset>/bin

fs::path OwnFolder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::string Program(const char* name) {
  std::error_code error;
  const fs::path beside = OwnFolder() / name;
  return fs::exists(beside, error) ? beside.string()
                                   : (fs::path(kInstalledPrograms) / name).string();
}

std::string Shipped(const char* what) {
  std::error_code error;
  fs::path folder = OwnFolder();
  for (int i = 0; i < kFoldersUpMax && folder.has_relative_path(); ++i) {
    const fs::path found = folder / "rules" / what;
    const bool built = fs::exists(folder / "CMakeCache.txt", error);  // the sources lie above
    if (!built && fs::is_directory(found, error)) return found.string();
    folder = folder.parent_path();
  }
  const fs::path installed = fs::path(kInstalledData) / what;
  return fs::is_directory(installed, error) ? installed.string() : "";
}

}  // namespace

std::string InspectProgram() {
  return Program("shoumi-inspect");
}

std::string SessionProgram() {
  return Program("shoumi-session");
}

std::string CommandLineProgram() {
  std::error_code error;
  const fs::path beside = OwnFolder() / "shoumi";
  return fs::exists(beside, error) ? beside.string() : "/usr/bin/shoumi";
}

std::string ShippedPacks() {
  return Shipped("packs");
}

std::string ShippedApps() {
  return Shipped("apps");
}

}  // namespace shoumi
