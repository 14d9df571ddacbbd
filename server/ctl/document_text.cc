#include "server/ctl/document_text.h"

#include <vector>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/registry_text.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {

std::string DocumentProblems(const DocumentFiles& files) {
  std::string out;
  for (const DocumentFiles::Problem& problem : files.left_out) {
    out += fmt::format(fmt::runtime(Say("{}: not registered: {}\n", "{}：未登记：{}\n")),
                       Printable(problem.path), Printable(problem.why));
  }
  for (const DocumentFiles::Problem& problem : files.partly) {
    out += fmt::format(fmt::runtime(Say("{}: registered without what could not be read: {}\n",
                                        "{}：已登记，未能读取的部分除外：{}\n")),
                       Printable(problem.path), Printable(problem.why));
  }
  return out;
}

std::string ImportText(const v1::ImportDocumentsResponse& response, bool check) {
  std::string out =
      fmt::format(fmt::runtime(Say("{} with {}", "{}，{}")),
                  Counted(response.documents(), "document", "documents", "份文档"),
                  Counted(response.fingerprints(), "fingerprint", "fingerprints", "个指纹"));
  if (response.fingerprints_shared() > 0) {
    out += fmt::format(fmt::runtime(Say("; {} left out, for too many documents share them",
                                        "；{} 个因过多文档共有而未收录")),
                       response.fingerprints_shared());
  }
  if (response.documents_short() > 0) {
    out += fmt::format(
        fmt::runtime(Say("; {} too little text of their own to be told by",
                         "；{}自身独有的文本过少，无法识别")),
        Counted(response.documents_short(), "document has", "documents have", "份文档"));
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

std::string CollectionsText(const v1::ListCollectionsResponse& response, bool colour) {
  if (response.collections().empty()) {
    return Say("No registered documents.\n", "没有登记文档。\n");
  }
  Table table(
      {Say("NAME", "名称"), Say("KIND", "类型"), Say("VERSION", "版本"), Say("DOCUMENTS", "文档数"),
       Say("SIZE", "大小"), Say("IMPORTED", "导入时间"), Say("BY", "导入者")},
      colour);
  for (const v1::CollectionRow& row : response.collections()) {
    table.Add({{row.name()},
               {row.kind() == v1::COLLECTION_KIND_EXCLUDED ? Say("excluded", "排除")
                                                           : Say("protected", "保护")},
               {std::to_string(row.version())},
               {std::to_string(row.documents())},
               {Bytes(row.index_bytes())},
               {LocalTime(row.imported())},
               {row.author()}});
  }
  return table.Text();
}

std::string DocumentsText(const std::vector<v1::DocumentRow>& documents, bool colour) {
  Table table({Say("NUMBER", "编号"), Say("UNITS", "字词数"), Say("SHA-256", "SHA-256"),
               Say("TITLE", "文档")},
              colour);
  constexpr size_t kDigestShown = 12;
  for (const v1::DocumentRow& row : documents) {
    table.Add({{std::to_string(row.number())},
               {std::to_string(row.units())},
               {row.sha256().substr(0, kDigestShown)},
               {row.title()}});
  }
  return table.Text();
}

}  // namespace shoumi::ctl
