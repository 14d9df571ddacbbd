#include "agent/inspect/extract/testing/archive_writer.h"

#include <archive_entry.h>

#include <clocale>

#include "gtest/gtest.h"

namespace shoumi::inspect {

la_ssize_t AppendTo(archive*, void* to, const void* bytes, size_t count) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

std::string MakeArchive(const ArchiveRecipe& recipe, const std::vector<ArchiveFile>& files) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // names are written as the locale has them
  std::string bytes;
  archive* const a = ::archive_write_new();
  EXPECT_EQ(recipe.format(a), ARCHIVE_OK) << ::archive_error_string(a);
  if (recipe.filter != nullptr) {
    EXPECT_EQ(recipe.filter(a), ARCHIVE_OK);
  }
  if (recipe.options != nullptr) {
    EXPECT_EQ(::archive_write_set_options(a, recipe.options), ARCHIVE_OK)
        << ::archive_error_string(a);
  }
  ::archive_write_set_bytes_in_last_block(a, 1);
  EXPECT_EQ(::archive_write_open(a, &bytes, nullptr, AppendTo, nullptr), ARCHIVE_OK);
  for (const ArchiveFile& file : files) {
    archive_entry* const entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, file.name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<int64_t>(file.content.size()));
    EXPECT_EQ(::archive_write_header(a, entry), ARCHIVE_OK) << ::archive_error_string(a);
    ::archive_write_data(a, file.content.data(), file.content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(a);
  ::archive_write_free(a);
  return bytes;
}

}  // namespace shoumi::inspect
