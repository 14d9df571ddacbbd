#include "agent/inspect/extract/testing/archive_writer.h"

#include <archive_entry.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace shoumi::inspect {

la_ssize_t AppendTo(archive*, void* to, const void* bytes, size_t count) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

// Fuzz targets link this too, without GoogleTest.
static void Check(archive* a, int result) {
  if (result == ARCHIVE_OK) return;
  const char* const words = ::archive_error_string(a);
  std::fprintf(stderr, "the test's archive cannot be made: %s\n", words == nullptr ? "" : words);
  std::abort();
}

std::string MakeArchive(const ArchiveRecipe& recipe, const std::vector<ArchiveFile>& files) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // names are written as the locale has them
  std::string bytes;
  archive* const a = ::archive_write_new();
  Check(a, recipe.format(a));
  if (recipe.filter != nullptr) {
    Check(a, recipe.filter(a));
  }
  if (recipe.options != nullptr) {
    Check(a, ::archive_write_set_options(a, recipe.options));
  }
  ::archive_write_set_bytes_in_last_block(a, 1);
  Check(a, ::archive_write_open(a, &bytes, nullptr, AppendTo, nullptr));
  for (const ArchiveFile& file : files) {
    archive_entry* const entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, file.name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<int64_t>(file.content.size()));
    Check(a, ::archive_write_header(a, entry));
    ::archive_write_data(a, file.content.data(), file.content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(a);
  ::archive_write_free(a);
  return bytes;
}

}  // namespace shoumi::inspect
