#include "rules/engine/hs_image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "fmt/format.h"

namespace shoumi::rules {

HsImage::HsImage(void* pages, size_t size)
    : pages_(pages), size_(size), database_(static_cast<const hs_database_t*>(pages)) {}

HsImage::~HsImage() {
  munmap(pages_, size_);
}

absl::StatusOr<std::unique_ptr<HsImage>> HsImage::Seal(hs_database_t* database) {
  char* bytes = nullptr;
  size_t bytes_size = 0;
  const hs_error_t serialised = hs_serialize_database(database, &bytes, &bytes_size);
  hs_free_database(database);
  if (serialised != HS_SUCCESS) {
    return absl::ResourceExhaustedError(fmt::format("hs_serialize_database: {}", serialised));
  }
  const std::unique_ptr<char, void (*)(void*)> owner(bytes, std::free);
  size_t size = 0;
  if (hs_serialized_database_size(bytes, bytes_size, &size) != HS_SUCCESS) {
    return absl::InternalError("hs_serialized_database_size failed");
  }
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size = (size + page - 1) / page * page;
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return absl::ResourceExhaustedError("no memory for the database");
  std::unique_ptr<HsImage> image(new HsImage(pages, size));
  const hs_error_t placed =
      hs_deserialize_database_at(bytes, bytes_size, static_cast<hs_database_t*>(pages));
  if (placed != HS_SUCCESS) {
    return absl::InternalError(fmt::format("hs_deserialize_database_at: {}", placed));
  }
  if (mprotect(pages, size, PROT_READ) != 0) return absl::InternalError("mprotect failed");
  return image;
}

HsScratch::~HsScratch() {
  if (scratch_ != nullptr) hs_free_scratch(scratch_);
}

absl::Status HsScratch::Fit(const HsImage& image) {
  const hs_error_t error = hs_alloc_scratch(image.get(), &scratch_);
  if (error == HS_SUCCESS) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("hs_alloc_scratch: {}", error));
}

absl::StatusOr<std::unique_ptr<HsImage>> CompileExpressions(
    const std::vector<HsExpression>& expressions) {
  std::vector<const char*> regexes;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (const HsExpression& expression : expressions) {
    regexes.push_back(expression.regex.c_str());
    flags.push_back(expression.flags);
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t result =
      hs_compile_multi(regexes.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                       HS_MODE_BLOCK, nullptr, &database, &error);
  if (result != HS_SUCCESS) {
    const std::string message = error != nullptr ? error->message : "out of memory";
    if (error != nullptr) hs_free_compile_error(error);
    return absl::InvalidArgumentError(message);
  }
  return HsImage::Seal(database);
}

std::string LiteralExpression(std::string_view text) {
  std::string regex;
  for (const char c : text) regex += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return regex;
}

}  // namespace shoumi::rules
