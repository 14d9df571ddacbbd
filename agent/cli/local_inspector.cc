#include "agent/cli/local_inspector.h"

#include <string_view>
#include <utility>

#include "agent/cli/local_registry.h"
#include "common/installation.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

constexpr uint32_t kDocumentSecondsMax = 60;  // to read one that is registered

void Complain(std::string_view text) {
  fmt::print(stderr, "{}\n", text);
}

}  // namespace

std::unique_ptr<LocalInspector> LocalInspector::Start(const LocalRules& local, uint32_t workers) {
  const std::string folder = local.packs.empty() ? ShippedPacks() : local.packs;
  if (folder.empty()) {
    Complain(Say("shoumi: no rule packs are installed; name a folder with --packs",
                 "shoumi：未安装规则包；请用 --packs 指定文件夹"));
    return nullptr;
  }
  auto read = rules::ReadPacks(folder);
  if (!read.ok()) {
    Complain(fmt::format("shoumi: {}", Printable(std::string(read.status().message()))));
    return nullptr;
  }
  inspect::InspectorRules rules{*std::move(read)};
  for (const std::string& table : local.tables) {
    auto file = IndexTable(table);
    if (!file.ok()) {
      Complain(std::string(file.status().message()));
      return nullptr;
    }
    rules.registries.push_back(*std::move(file));
  }
  if (!local.collections.empty()) {
    const auto reader = Start({}, 1);
    if (reader == nullptr) return nullptr;
    for (const LocalCollection& collection : local.collections) {
      auto file = IndexDocuments(reader->pool(), collection, kDocumentSecondsMax, Complain);
      if (!file.ok()) {
        Complain(fmt::format("shoumi: {}", std::string(file.status().message())));
        return nullptr;
      }
      rules.collections.push_back(*std::move(file));
    }
  }
  std::unique_ptr<LocalInspector> inspector(new LocalInspector());
  inspect::PoolOptions options;
  options.program = InspectProgram();
  options.workers_max = workers;
  auto pool = inspect::InspectorPool::Start(inspector->io_, options, rules);
  if (!pool.ok()) {
    const bool broken = absl::IsInvalidArgument(pool.status());
    Complain(fmt::format("{}{}", broken ? "" : "shoumi: ", std::string(pool.status().message())));
    return nullptr;
  }
  inspector->pool_ = *std::move(pool);
  const v1::InspectorReady ready = inspector->pool_->Ready();
  for (const v1::PackProblem& warning : ready.problems()) {
    Complain(rules::FormatProblem(warning));
  }
  inspector->io_thread_ = std::thread([io = &inspector->io_] { io->run(); });
  return inspector;
}

LocalInspector::~LocalInspector() {
  pool_.reset();
  guard_.reset();
  if (io_thread_.joinable()) io_thread_.join();
}

}  // namespace shoumi::cli
