#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"

// Which program is which: YAML → v1::App, with every problem at once. The files beside this one are
// what is shipped; docs/POLICY.md has the format. Pure functions, thread-safe, never throw.
namespace shoumi::rules {

// Bounds; beyond them a catalogue is refused with Y101 or Y107.
inline constexpr size_t kCatalogueYamlBytesMax = 1 << 20;  // of one file
inline constexpr size_t kAppsMax = 500;                    // of all files
inline constexpr size_t kAppClassesMax = 8;
inline constexpr size_t kAppPatternsMax = 64;  // of one list of one app
inline constexpr size_t kAppPatternBytesMax = 256;
inline constexpr size_t kAppIdBytesMax = 64;

struct CatalogueFile {
  std::string name;  // what problems call it
  std::string yaml;
};

struct CatalogueResult {
  bool ok = false;                        // no problem is an error
  std::vector<v1::App> apps;              // meaningful when ok; in the order of files and lines
  std::vector<v1::PackProblem> problems;  // by file, then in order of line; codes "Y…" and "A…"
};

// An id stands once in all files together; an earlier app wins where two match a program.
CatalogueResult LoadCatalogue(const std::vector<CatalogueFile>& files);

// The checks of LoadCatalogue that do not need YAML, for apps that arrive as proto. Problems have
// no line; their messages name the place ("apps[3].executables[0]").
std::vector<v1::PackProblem> CheckApps(const std::vector<v1::App>& apps);

// Every DIR/*.yaml. NotFound when there is none.
absl::StatusOr<std::vector<CatalogueFile>> ReadCatalogue(const std::string& dir);
// Read and loaded; InvalidArgument has one line a problem.
absl::StatusOr<std::vector<v1::App>> LoadCatalogueFolder(const std::string& dir);

// What a policy says of programs that its own catalogue (`policy.apps`) does not know: an id is an
// error, a class a warning, for nothing would ever be of it. Problems name the place.
std::vector<v1::PackProblem> CheckAppNames(std::string_view file, const v1::Policy& policy);

}  // namespace shoumi::rules
