#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "common/fd.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/json.h"
#include "server/ctl/registry_text.h"
#include "server/ctl/spreadsheet.h"

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;

constexpr size_t kSpecBytesMax = 1 << 20;  // the server's own bound is lower and says so
constexpr size_t kPieceBytes = 256 << 10;
constexpr std::chrono::seconds kImportMax{3600};

struct Options {
  std::string table;
  std::string spec;
  std::string name;
  bool good_rows = false;
  bool check = false;
};

// The table in pieces, with its progress on a terminal.
class TableFile {
 public:
  static absl::StatusOr<TableFile> Open(const std::string& path) {
    TableFile table;
    if (IsSpreadsheet(path)) {
      auto csv = CsvOfSpreadsheet(path);
      if (!csv.ok()) return csv.status();
      table.csv_ = *std::move(csv);
      return table;
    }
    table.fd_.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!table.fd_) return ErrnoStatus(errno, path);
    std::error_code unknown;
    table.size_ = std::filesystem::file_size(path, unknown);
    if (unknown) table.size_ = 0;
    table.path_ = path;
    return table;
  }

  // Empty at the end.
  absl::StatusOr<std::string> Next() {
    if (!fd_) {  // of a spreadsheet
      std::string next = csv_.substr(std::min(read_, csv_.size()), kPieceBytes);
      read_ += next.size();
      return next;
    }
    std::string piece(kPieceBytes, '\0');
    ssize_t got = 0;
    do {
      got = ::read(fd_.get(), piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return ErrnoStatus(errno, path_);
    piece.resize(static_cast<size_t>(got));
    read_ += piece.size();
    Progress(piece.empty());
    return piece;
  }

 private:
  void Progress(bool end) const {
    if (size_ == 0 || ::isatty(STDERR_FILENO) != 1) return;
    fmt::print(stderr, fmt::runtime(Say("\r\x1b[K{} % of {}", "\r\x1b[K{} %，共 {}")),
               read_ * 100 / size_, Bytes(size_));
    if (end) fmt::print(stderr, "\r\x1b[K");
  }

  UniqueFd fd_;
  std::string csv_;  // where there is no file to read from
  std::string path_;
  size_t size_ = 0;
  size_t read_ = 0;
};

absl::StatusOr<v1::ImportRegistryResponse> Send(Client& client, const Options& options) {
  v1::ImportRegistryRequest first;
  v1::ImportRegistryHead& head = *first.mutable_head();
  std::filesystem::path spec = options.spec;
  if (spec.empty()) spec = std::filesystem::path(options.table).replace_extension(".yaml");
  auto yaml = ReadFile(spec, kSpecBytesMax);
  if (!yaml.ok()) return yaml.status();
  head.set_file(options.table);
  head.set_spec_file(spec.string());
  head.set_spec_yaml(*std::move(yaml));
  head.set_good_rows(options.good_rows);
  head.set_dry_run(options.check);
  auto table = TableFile::Open(options.table);
  if (!table.ok()) return table.status();
  bool headed = false;
  return client.Upload<v1::ImportRegistryRequest, v1::ImportRegistryResponse>(
      &Stub::ImportRegistry, kImportMax,
      [&](v1::ImportRegistryRequest& request) -> absl::StatusOr<bool> {
        if (!headed) {
          headed = true;
          request = first;
          return true;
        }
        auto piece = table->Next();
        if (!piece.ok()) return piece.status();
        request.set_csv(*std::move(piece));
        return !request.csv().empty();
      });
}

int Import(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return ExitStatus(client.status());
  const auto response = Send(**client, options);
  if (!response.ok()) return ExitStatus(response.status());
  Out(global.json ? ToJson(*response) : ImportText(*response, options.check));
  if (response->ok()) return kDone;
  const bool rows_only = response->rows_bad() > 0 && response->rows() > 0;
  Complain(rows_only ? Say("nothing was imported; mend the rows above, or --good-rows imports the "
                           "others",
                           "未导入任何内容；请修正以上各行，或用 --good-rows 只导入其余各行")
                     : Say("nothing was imported", "未导入任何内容"));
  return kFailed;
}

absl::Status List(const Global& global) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto answer = (*client)->Call(&Stub::ListRegistries, v1::ListRegistriesRequest());
  if (!answer.ok()) return answer.status();
  Out(global.json ? ToJson(*answer) : RegistriesText(*answer, WantsColour()));
  return absl::OkStatus();
}

absl::Status Remove(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  v1::RemoveRegistryRequest request;
  request.set_name(options.name);
  const auto answer = (*client)->Call(&Stub::RemoveRegistry, request);
  if (!answer.ok()) return answer.status();
  if (global.json) {
    Out(ToJson(*answer));
  } else {
    Out(fmt::format(fmt::runtime(Say("{} is removed; rules that name it find nothing.\n",
                                     "{} 已删除；引用它的规则不再有发现。\n")),
                    Printable(options.name)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddRegistry(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const registry = app.add_subcommand(
      "registry", Say("the company's own clients, as rules find them", "本公司的客户名册"));
  registry->require_subcommand(1);

  CLI::App* const import = registry->add_subcommand(
      "import", Say("make a registry of a table (CSV or xlsx) and send it to every agent",
                    "由表格（CSV 或 xlsx）生成名册并下发给所有代理"));
  import->add_option("FILE", options->table, Say("the table", "表格文件"))->required();
  import
      ->add_option("--spec", options->spec,
                   Say("what its columns are (default: FILE with .yaml as its suffix)",
                       "各列的含义（默认：与 FILE 同名的 .yaml 文件）"))
      ->type_name("FILE");
  import->add_flag("--good-rows", options->good_rows,
                   Say("import the good rows although others are bad", "有错误行时仍导入其余各行"));
  import->add_flag("--check", options->check,
                   Say("only say what is wrong; changes nothing", "仅检查，不作任何更改"));
  import->callback([&global, options, &exit_status] { exit_status = Import(global, *options);
});

CLI::App* const list = registry->add_subcommand("list", Say("those there are", "现有名册"));
list->callback([&global, &exit_status] { exit_status = ExitStatus(List(global)); });

CLI::App* const remove =
    registry->add_subcommand("remove", Say("take one out of force", "停用名册"));
remove->add_option("NAME", options->name, Say("its name", "名册名称"))->required();
remove->callback([&global, options, &exit_status] {
  exit_status = ExitStatus(Remove(global, *options));
});
}  // namespace shoumi::ctl

}  // namespace shoumi::ctl
