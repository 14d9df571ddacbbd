#include "server/ctl/registry_text.h"

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

std::string ProblemLine(const v1::RegistryProblem& problem) {
  std::string line = Printable(problem.file());
  if (problem.line() > 0) line += fmt::format(":{}", problem.line());
  if (!problem.column().empty()) line += fmt::format(": {}", Printable(problem.column()));
  return line + fmt::format(": {}\n", Printable(problem.message()));
}

std::string ColumnNames(const v1::RegistryRow& row) {
  std::string names;
  for (const v1::RegistryColumn& column : row.columns()) {
    if (!names.empty()) names += ", ";
    names += column.name();
  }
  return names;
}

}  // namespace

std::string Bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} {}", bytes, kUnits[unit])
                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string ImportText(const v1::ImportRegistryResponse& response, bool check) {
  std::string out;
  for (const v1::RegistryProblem& problem : response.problems()) out += ProblemLine(problem);
  if (response.problems_omitted() > 0) {
    out += fmt::format(fmt::runtime(Say("… and {} more\n", "……另有 {} 处\n")),
                       response.problems_omitted());
  }
  if (response.rows_bad() > 0) {
    out += fmt::format(fmt::runtime(Say("{} cannot be used\n", "{}无法使用\n")),
                       Counted(response.rows_bad(), "row", "rows", "行"));
  }
  if (!response.ok()) return out;
  out += fmt::format(fmt::runtime(Say("{} with {}", "{}，{}")),
                     Counted(response.rows(), "client", "clients", "个客户"),
                     Counted(response.cells(), "value", "values", "个值"));
  if (response.cells_short() > 0) {
    out += fmt::format(fmt::runtime(Say("; {} of them short, found only near another of their row",
                                        "；其中 {} 个很短，仅在同一行其他值附近才会识别")),
                       response.cells_short());
  }
  if (response.cells_shared() > 0) {
    out += fmt::format(fmt::runtime(Say("; {} left out, for too many clients share them",
                                        "；{} 个因过多客户共用而未收录")),
                       response.cells_shared());
  }
  out += "\n";
  if (check) return out;
  out += fmt::format(fmt::runtime(Say("Imported as version {} ({}).", "已导入，版本 {}（{}）。")),
                     response.version(), Bytes(response.index_bytes()));
  if (response.policy_version() > 0) {
    out += fmt::format(
        fmt::runtime(Say(" Agents get it with policy version {}.", "代理将随策略版本 {} 收到。")),
        response.policy_version());
  } else {
    out += Say(" Agents get it with the first policy.", "代理将随首个策略收到。");
  }
  return out + "\n";
}

std::string RegistriesText(const v1::ListRegistriesResponse& response, bool colour) {
  if (response.registries().empty()) return Say("No client registries.\n", "没有客户名册。\n");
  Table table(
      {Say("NAME", "名称"), Say("VERSION", "版本"), Say("CLIENTS", "客户数"), Say("SIZE", "大小"),
       Say("IMPORTED", "导入时间"), Say("BY", "导入者"), Say("COLUMNS", "列")},
      colour);
  for (const v1::RegistryRow& row : response.registries()) {
    table.Add({{row.name()},
               {std::to_string(row.version())},
               {std::to_string(row.rows())},
               {Bytes(row.index_bytes())},
               {LocalTime(row.imported())},
               {row.author()},
               {ColumnNames(row)}});
  }
  return table.Text();
}

}  // namespace shoumi::ctl
