#pragma once

#include <archive.h>

#include <string>
#include <vector>

namespace shoumi::inspect {

struct ArchiveFile {
  std::string name;
  std::string content;
};

// How libarchive is to write: one of its formats, and a filter or null.
struct ArchiveRecipe {
  const char* name;
  int (*format)(archive*);
  int (*filter)(archive*);
  const char* options = nullptr;
  const char* media_type = "";
};

// Fails the test where the library does.
std::string MakeArchive(const ArchiveRecipe& recipe, const std::vector<ArchiveFile>& files);
// An archive_write_callback that appends to the std::string `to`.
la_ssize_t AppendTo(archive* a, void* to, const void* bytes, size_t count);

}  // namespace shoumi::inspect
