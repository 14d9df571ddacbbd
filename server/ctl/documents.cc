#include <unistd.h>

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/document_files.h"
#include "server/ctl/document_text.h"
#include "server/ctl/json.h"

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;

constexpr std::chrono::seconds kImportMax{3600};

struct Options {
  std::string name;
  std::vector<std::string> paths;
  bool excluded = false;
  bool good_files = false;
  bool check = false;
};

void Progress(uint64_t done) {
  if (::isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, fmt::runtime(Say("\r\x1b[K{} read", "\r\x1b[K已读取 {}")), done);
}

absl::StatusOr<v1::ImportDocumentsResponse> Send(Client& client, const Options& options,
                                                 std::vector<v1::FingerprintedDocument> documents) {
  bool headed = false;
  size_t next = 0;
  return client.Upload<v1::ImportDocumentsRequest, v1::ImportDocumentsResponse>(
      &Stub::ImportDocuments, kImportMax,
      [&](v1::ImportDocumentsRequest& request) -> absl::StatusOr<bool> {
        if (!std::exchange(headed, true)) {
          v1::ImportDocumentsHead& head = *request.mutable_head();
          head.set_collection(options.name);
          head.set_kind(options.excluded ? v1::COLLECTION_KIND_EXCLUDED
                                         : v1::COLLECTION_KIND_PROTECTED);
          head.set_dry_run(options.check);
          return true;
        }
        if (next == documents.size()) return false;
        *request.mutable_document() = std::move(documents[next++]);
        return true;
      });
}

int Import(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return ExitStatus(client.status());
  auto files = ReadDocuments(options.paths, options.excluded, &Progress);
  if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\x1b[K");
  if (!files.ok()) return ExitStatus(files.status());
  fmt::print(stderr, "{}", DocumentProblems(*files));
  if (files->documents.empty() || (!files->left_out.empty() && !options.good_files)) {
    Complain(files->documents.empty() ? Say("nothing was imported: no document can be registered",
                                            "未导入任何内容：没有可登记的文档")
                                      : Say("nothing was imported; --good-files imports the others",
                                            "未导入任何内容；可用 --good-files 只导入其余文件"));
    return kFailed;
  }
  const auto response = Send(**client, options, std::move(files->documents));
  if (!response.ok()) return ExitStatus(response.status());
  Out(global.json ? ToJson(*response) : ImportText(*response, options.check));
  return kDone;
}

absl::Status ListOne(Client& client, const Global& global, const std::string& name) {
  v1::ListDocumentsRequest request;
  request.set_collection(name);
  std::vector<v1::DocumentRow> documents;
  auto status = ForEachPage(
      client, &Stub::ListDocuments, request, std::numeric_limits<uint64_t>::max(),
      [&](const v1::ListDocumentsResponse& page) {
        documents.insert(documents.end(), page.documents().begin(), page.documents().end());
        return static_cast<uint64_t>(page.documents_size());
      });
  if (!status.ok()) return status;
  if (!global.json) {
    Out(DocumentsText(documents, WantsColour()));
    return absl::OkStatus();
  }
  v1::ListDocumentsResponse all;
  all.mutable_documents()->Assign(documents.begin(), documents.end());
  all.set_total(documents.size());
  Out(ToJson(all));
  return absl::OkStatus();
}

absl::Status List(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  if (!options.name.empty()) return ListOne(**client, global, options.name);
  const auto answer = (*client)->Call(&Stub::ListCollections, v1::ListCollectionsRequest());
  if (!answer.ok()) return answer.status();
  Out(global.json ? ToJson(*answer) : CollectionsText(*answer, WantsColour()));
  return absl::OkStatus();
}

absl::Status Remove(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  v1::RemoveCollectionRequest request;
  request.set_name(options.name);
  const auto answer = (*client)->Call(&Stub::RemoveCollection, request);
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

void AddDocuments(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const documents = app.add_subcommand(
      "documents", Say("registered documents: what is copied from them is found, or what stands in "
                       "blank forms is not",
                       "登记文档：发现从中复制的文本，或不计空白表单中的内容"));
  documents->require_subcommand(1);

  CLI::App* const import = documents->add_subcommand(
      "import", Say("register files and folders as a collection, in place of the one of its name",
                    "将文件和文件夹登记为文档集，替换同名文档集"));
  import
      ->add_option("NAME", options->name, Say("its name: a-z, 0-9 and '-'", "名称：a-z、0-9 和 -"))
      ->required();
  import->add_option("PATH", options->paths, Say("files and folders", "文件和文件夹"))->required();
  import->add_flag("--excluded", options->excluded,
                   Say("blank forms and published documents: what stands in them is not found",
                       "空白表单和已公开文档：其中的内容不计为发现"));
  import->add_flag(
      "--good-files", options->good_files,
      Say("register the others although some files cannot be", "有文件无法登记时仍登记其余文件"));
  import->add_flag("--check", options->check,
                   Say("only say what would be registered; changes nothing",
                       "仅说明将登记的内容，不作任何更改"));
  import->callback([&global, options, &exit_status] { exit_status = Import(global, *options);
});

CLI::App* const list = documents->add_subcommand(
    "list", Say("the collections, or the documents of one", "现有文档集，或其中一个的文档"));
list->add_option("NAME", options->name, Say("a collection", "文档集名称"));
list->callback([&global, options, &exit_status] {
  exit_status = ExitStatus(List(global, *options));
});

CLI::App* const remove =
    documents->add_subcommand("remove", Say("take a collection out of force", "停用文档集"));
remove->add_option("NAME", options->name, Say("its name", "名称"))->required();
remove->callback([&global, options, &exit_status] {
  exit_status = ExitStatus(Remove(global, *options));
});
}  // namespace shoumi::ctl

}  // namespace shoumi::ctl
