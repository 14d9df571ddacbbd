#include "rules/registry/import/importer.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "rules/engine/text/normalise.h"

namespace shoumi::registry {
namespace {

constexpr size_t kHeadsToldMax = 12;

// As heads and levels are compared.
std::string Plain(std::string_view text) {
  std::string plain = rules::NormaliseText(text);
  const size_t from = plain.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return "";
  return plain.substr(from, plain.find_last_not_of(" \t\r\n") + 1 - from);
}

std::string Told(const std::vector<std::string>& heads) {
  std::string told;
  for (size_t i = 0; i < std::min(heads.size(), kHeadsToldMax); ++i) {
    if (i > 0) told += ", ";
    told += heads[i].substr(0, kHeadBytesMax);
  }
  return heads.size() > kHeadsToldMax ? told + ", …" : told;
}

}  // namespace

Importer::Importer(Spec spec, const Key& key)
    : spec_(std::move(spec)),
      builder_(key),
      reader_(spec_.encoding, spec_.separator,
              [this](uint64_t line, const auto& fields) { OnRow(line, fields); }) {}

absl::Status Importer::Feed(std::string_view bytes) {
  absl::Status status = reader_.Feed(bytes);
  return failed_.ok() ? status : failed_;
}

absl::Status Importer::EndTable() {
  absl::Status status = reader_.Finish();
  if (!failed_.ok()) return failed_;
  if (status.ok() && !has_heads_) return absl::InvalidArgumentError("line 1: the table is empty");
  return status;
}

absl::StatusOr<std::string> Importer::Index() {
  if (builder_.counts().rows == 0) return absl::FailedPreconditionError("no row can be used");
  return builder_.Finish();
}

std::vector<Column> Importer::Columns() const {
  std::vector<Column> columns;
  for (const Spec::Source& source : spec_.columns) columns.push_back(source.column);
  return columns;
}

void Importer::AddProblem(uint64_t line, std::string_view column, std::string message) {
  if (problems_.size() == kProblemsMax) {
    ++problems_omitted_;
  } else {
    problems_.push_back({line, std::string(column), std::move(message)});
  }
}

void Importer::OnRow(uint64_t line, const std::vector<std::string>& fields) {
  if (!failed_.ok()) return;
  if (!has_heads_) {
    has_heads_ = true;
    failed_ = ReadHeads(fields);
  } else if (!ReadRow(line, fields)) {
    ++rows_bad_;
  }
}

absl::Status Importer::ReadHeads(const std::vector<std::string>& fields) {
  std::vector<std::string> heads;
  heads.reserve(fields.size());
  for (const std::string& field : fields) heads.push_back(Plain(field));
  const auto find = [&heads](std::string_view head) -> absl::StatusOr<size_t> {
    const auto found = std::find(heads.begin(), heads.end(), Plain(head));
    if (found == heads.end()) {
      return absl::InvalidArgumentError(
          fmt::format("line 1: there is no column '{}'; the table has: {}", head, Told(heads)));
    }
    if (std::find(found + 1, heads.end(), *found) != heads.end()) {
      return absl::InvalidArgumentError(fmt::format("line 1: column '{}' is there twice", head));
    }
    return static_cast<size_t>(found - heads.begin());
  };
  for (const Spec::Source& source : spec_.columns) {
    const auto place = find(source.head);
    if (!place.ok()) return place.status();
    places_.push_back(*place);
  }
  if (spec_.level_head.empty()) return absl::OkStatus();
  const auto place = find(spec_.level_head);
  if (place.ok()) level_place_ = *place;
  return place.status();
}

bool Importer::LevelOf(uint64_t line, const std::vector<std::string>& fields, v1::Level& level) {
  level = spec_.level_default;
  if (spec_.level_head.empty() || level_place_ >= fields.size()) return true;
  const std::string word = Plain(fields[level_place_]);
  if (word.empty()) return true;
  const auto mapped = spec_.level_values.find(word);
  const auto known =
      mapped != spec_.level_values.end() ? std::optional(mapped->second) : FindLevel(word);
  if (known) {
    level = *known;
    return true;
  }
  AddProblem(line, spec_.level_head, "not a level; say what it means under level: values");
  return false;
}

bool Importer::ReadRow(uint64_t line, const std::vector<std::string>& fields) {
  cells_.clear();
  v1::Level level = v1::LEVEL_NONE;
  bool good = LevelOf(line, fields, level);
  for (size_t i = 0; i < places_.size(); ++i) {
    const Spec::Source& source = spec_.columns[i];
    if (places_[i] >= fields.size() || Plain(fields[places_[i]]).empty()) continue;
    auto cell = CellOf(source.column.type, fields[places_[i]]);
    if (!cell.ok()) {
      AddProblem(line, source.head, std::string(cell.status().message()));
      good = false;
    } else {
      cells_.emplace_back(static_cast<uint8_t>(i), *std::move(cell));
    }
  }
  if (good && cells_.empty()) {
    AddProblem(line, "", "a row without any value");
    return false;
  }
  if (!good) return false;
  if (std::all_of(cells_.begin(), cells_.end(), [](const auto& c) { return IsShort(c.second); })) {
    AddProblem(line, "",
               fmt::format("all values have at most {} letters, and such are looked for only near "
                           "a longer one of their row",
                           kShortSymbolsMax));
    return false;
  }
  absl::Status status = builder_.AddRow(level);
  for (const auto& [column, cell] : cells_) {
    if (status.ok()) status = builder_.AddCell(column, cell);
  }
  if (!status.ok()) failed_ = status;
  return status.ok();
}

}  // namespace shoumi::registry
