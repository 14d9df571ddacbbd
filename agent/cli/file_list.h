#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoumi::cli {

struct ListedFile {
  std::string path;        // as given, or below what was given
  bool in_folder = false;  // found by recursion
};

struct FileList {
  std::vector<ListedFile> files;     // in order: as given, folders depth first and sorted by byte
  std::vector<std::string> errors;   // "path: why": what was asked for and cannot be read
  std::vector<std::string> skipped;  // "path: what it is": devices, pipes, sockets in folders
  uint64_t links = 0;                // symbolic links in folders, not followed
};

// A path given by name may be a symbolic link; those found in folders are not followed. "-" passes
// through.
FileList ListFiles(const std::vector<std::string>& paths);

}  // namespace shoumi::cli
