#include "agent/cli/local_registry.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "agent/cli/sealed_file.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"
#include "rules/registry/import/importer.h"

namespace shoumi::cli {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

absl::StatusOr<registry::Spec> ReadSpec(const std::string& file) {
  const auto yaml = ReadFile(file, registry::kSpecBytesMax + 1);
  if (!yaml.ok()) return yaml.status();
  std::vector<v1::PackProblem> problems;
  auto spec = registry::LoadSpec(file, *yaml, problems);
  if (spec) return *std::move(spec);
  std::string lines;
  for (const v1::PackProblem& problem : problems) {
    if (!lines.empty()) lines += '\n';
    lines += rules::FormatProblem(problem);
  }
  return absl::InvalidArgumentError(lines);
}

absl::Status ReadTable(const std::string& table, registry::Importer& importer) {
  const UniqueFd fd(::open(table.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, table);
  std::string piece(kPieceBytes, '\0');
  absl::Status status;
  for (;;) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, table);
    if (got == 0) break;
    status = importer.Feed({piece.data(), static_cast<size_t>(got)});
    if (!status.ok()) break;
  }
  if (status.ok()) status = importer.EndTable();
  if (!status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", table, std::string(status.message())));
  }
  if (importer.rows_bad() == 0) return absl::OkStatus();
  std::string lines;
  for (const registry::Importer::Problem& problem : importer.problems()) {
    lines += fmt::format("{}:{}: {}{}{}\n", table, problem.line, problem.column,
                         problem.column.empty() ? "" : ": ", problem.message);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}{}: {} rows cannot be used", lines, table, importer.rows_bad()));
}

}  // namespace

absl::StatusOr<inspect::RegistryFile> IndexTable(const std::string& table) {
  auto spec = ReadSpec(std::filesystem::path(table).replace_extension(".yaml").string());
  if (!spec.ok()) return spec.status();
  inspect::RegistryFile file;
  registry::Key key;
  file.head.set_key(crypto::RandomBytes(key.bytes.size()));
  std::copy(file.head.key().begin(), file.head.key().end(), key.bytes.begin());
  file.head.set_name(spec->name);
  registry::Importer importer(*std::move(spec), key);
  if (auto status = ReadTable(table, importer); !status.ok()) return status;
  const auto index = importer.Index();
  if (!index.ok()) return index.status();
  for (const registry::Column& column : importer.Columns()) {
    v1::RegistryColumn* added = file.head.add_columns();
    added->set_name(column.name);
    added->set_type(std::string(registry::ColumnTypeName(column.type)));
  }
  auto fd = SealedFile("registry", *index);
  if (!fd.ok()) return fd.status();
  file.index = std::make_shared<const UniqueFd>(*std::move(fd));
  return file;
}

}  // namespace shoumi::cli
