#include "server/ctl/incident_text.h"

#include "absl/strings/str_join.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

const char* BasisText(v1::VerdictBasis basis) {
  switch (basis) {
    case v1::VERDICT_BASIS_RULE:
      return Say("the first rule that held", "第一条成立的规则");
    case v1::VERDICT_BASIS_UNSCANNED:
      return Say("content that could not be inspected", "有内容未能检查");
    case v1::VERDICT_BASIS_DEFAULT:
      return Say("no rule held; the policy's default", "没有规则成立；策略的默认动作");
    case v1::VERDICT_BASIS_DEVICE_MODE:
      return Say("the mode of the device", "设备的使用方式");
    default:
      return Say("unknown", "未知");
  }
}

const char* PartText(v1::PartKind kind) {
  switch (kind) {
    case v1::PART_KIND_BODY:
      return Say("body", "正文");
    case v1::PART_KIND_HEADER:
      return Say("header", "页眉");
    case v1::PART_KIND_FOOTER:
      return Say("footer", "页脚");
    case v1::PART_KIND_FIRST_PAGE:
      return Say("first page", "首页");
    case v1::PART_KIND_WATERMARK:
      return Say("watermark", "水印");
    case v1::PART_KIND_PROPERTY:
      return Say("property", "文档属性");
    case v1::PART_KIND_FILE_NAME:
      return Say("file name", "文件名");
    case v1::PART_KIND_COMMENT:
      return Say("comment", "批注");
    case v1::PART_KIND_CELLS:
      return Say("cells", "单元格");
    case v1::PART_KIND_NOTES:
      return Say("notes", "备注");
    default:
      return Say("part", "部分");
  }
}

std::string Section(const char* title, bool colour) {
  return fmt::format("\n{}\n", Paint(colour, kBold, title));
}

// "first (a, b)"; empty texts are left out.
std::string WithDetails(std::string_view first, const std::vector<std::string>& details) {
  std::string joined;
  for (const std::string& detail : details) {
    if (detail.empty()) continue;
    joined += (joined.empty() ? "" : ", ") + detail;
  }
  return joined.empty() ? std::string(first) : fmt::format("{} ({})", first, joined);
}

std::string DeviceText(const v1::Device& device) {
  return WithDetails(
      fmt::format("{}:{}:{}", Printable(device.vendor_id()), Printable(device.product_id()),
                  Printable(device.serial())),
      {Printable(device.bus()), Printable(device.node()), Printable(device.file_system()),
       Printable(device.label()), Printable(device.mount_point())});
}

void WhoAndWhere(const v1::GetIncidentResponse& answer, std::string& out) {
  const v1::IncidentSummary& summary = answer.summary();
  const v1::EventContext& event = answer.incident().event();
  out += Labelled(Say("When", "时间"),
                  WithDetails(LocalTime(summary.time()),
                              {fmt::format(fmt::runtime(Say("received {}", "收到于 {}")),
                                           LocalTime(summary.received()))}));
  out += Labelled(Say("Host", "主机"),
                  WithDetails(Printable(summary.hostname()), {Printable(summary.device_id())}));
  std::string groups = Printable(absl::StrJoin(event.user().groups(), ", "));
  out += Labelled(Say("User", "用户"),
                  WithDetails(Printable(event.user().name()),
                              {fmt::format("uid {}", event.user().uid()), std::move(groups)}));
  out +=
      Labelled(Say("Program", "程序"), WithDetails(Printable(event.program().name()),
                                                   {Printable(event.program().executable()),
                                                    fmt::format("pid {}", event.program().pid())}));
  out += Labelled(Say("Channel", "途径"), WithDetails(Printable(WordText(summary.channel())),
                                                      {Printable(event.operation())}));
  out += Labelled(Say("Content", "内容"),
                  WithDetails(Printable(event.content_name()),
                              {Counted(event.content_bytes(), "byte", "bytes", "字节")}));
  if (!event.content_sha256().empty()) {
    out += Labelled("SHA-256", Printable(event.content_sha256()));
  }
  if (!event.destination().empty()) {
    out += Labelled(Say("Destination", "目的地"), Printable(event.destination()));
  }
  if (event.has_device()) {
    out += Labelled(Say("USB device", "USB 设备"), DeviceText(event.device()));
  }
}

std::string MarkingText(const v1::Marking& marking) {
  std::vector<std::string> details;
  if (!marking.term().empty()) {
    details.push_back(
        fmt::format(fmt::runtime(Say("term {}", "保密期限 {}")), Printable(marking.term())));
  }
  if (!marking.declassify_date().empty()) {
    details.push_back(fmt::format(fmt::runtime(Say("declassified on {}", "解密日期 {}")),
                                  Printable(marking.declassify_date())));
  }
  if (marking.expired()) details.emplace_back(Say("its term is over", "期限已满"));
  return WithDetails(LevelText(marking.level()), details);
}

void Decision(const v1::Incident& incident, bool colour, std::string& out) {
  const v1::Verdict& verdict = incident.verdict();
  const std::string action(rules::Name(verdict.action()));
  const std::string severity(rules::Name(verdict.severity()));
  const char* action_colour = ActionColour(action);
  const char* severity_colour = SeverityColour(severity);
  out += Labelled(
      Say("Action", "动作"),
      WithDetails(
          action_colour == nullptr ? WordText(action)
                                   : Paint(colour, action_colour, WordText(action)),
          {verdict.enforced() ? "" : Say("not enforced, only reported", "未执行，仅记录")}));
  const std::string& title = SpeaksChinese() ? verdict.title_zh() : verdict.title_en();
  out +=
      Labelled(Say("Rule", "规则"),
               title.empty() ? Printable(verdict.rule())
                             : fmt::format("{}: {}", Printable(verdict.rule()), Printable(title)));
  out += Labelled(Say("Decided by", "依据"), BasisText(verdict.basis()));
  out += Labelled(Say("Severity", "严重程度"),
                  severity_colour == nullptr ? WordText(severity)
                                             : Paint(colour, severity_colour, WordText(severity)));
  const std::string level = LevelText(incident.level());
  const std::string over =
      incident.declassified() ? Say("a marking's term is over", "有密级标志的期限已满") : "";
  out += Labelled(Say("Level", "密级"),
                  WithDetails(level.empty() ? Say("none", "无") : level, {over}));
  out += Labelled(Say("Policy", "策略"), fmt::format(fmt::runtime(Say("version {}", "版本 {}")),
                                                     incident.policy_version()));
}

void Findings(const v1::Incident& incident, bool colour, std::string& out) {
  if (incident.findings().empty()) return;
  out += Section(Say("Findings", "发现"), colour);
  for (const v1::Finding& finding : incident.findings()) {
    out += fmt::format(fmt::runtime(Say("  {}  {} found, {} distinct, confidence {} %",
                                        "  {}  共 {} 处，不同值 {} 个，置信度 {} %")),
                       Printable(finding.rule()), finding.count(), finding.distinct(),
                       finding.confidence());
    if (finding.has_marking()) out += "  " + MarkingText(finding.marking());
    out += '\n';
    for (const v1::RegisteredDocument& document : finding.documents()) {
      out += fmt::format("    {}\n", DocumentText(document));
    }
    for (const v1::Match& match : finding.matches()) {
      out += fmt::format("    {}  {} {}–{}  {} %  {}\n", PartText(match.kind()),
                         Printable(match.part()), match.start(), match.end(), match.confidence(),
                         Printable(match.masked()));
    }
    if (finding.matches_omitted() != 0) {
      out += fmt::format(fmt::runtime(Say("    and {} more\n", "    另有 {} 处\n")),
                         finding.matches_omitted());
    }
  }
}

void NotInspected(const v1::Incident& incident, bool colour, std::string& out) {
  if (incident.unscanned().empty()) return;
  out += Section(Say("Not inspected", "未能检查"), colour);
  for (const v1::Unscanned& one : incident.unscanned()) {
    const std::string part = one.part().empty() ? "" : Printable(one.part()) + ": ";
    out += fmt::format("  {}{}\n", part,
                       WithDetails(ReasonText(one.reason()), {Printable(one.detail())}));
  }
}

void Trace(const v1::Verdict& verdict, bool colour, std::string& out) {
  if (verdict.trace().empty()) return;
  out += Section(Say("Why, rule by rule", "逐条规则的判断"), colour);
  for (const v1::RuleTrace& one : verdict.trace()) {
    out += fmt::format("  {} {}: {}\n", one.held() ? "+" : "-", Printable(one.rule()),
                       Printable(one.why()));
  }
}

}  // namespace

const char* ActionColour(std::string_view action) {
  if (action == "block") return kRed;
  return action == "warn" ? kYellow : nullptr;
}

const char* SeverityColour(std::string_view severity) {
  if (severity == "critical") return kRed;
  return severity == "high" ? kYellow : nullptr;
}

std::string IncidentText(const v1::GetIncidentResponse& answer, bool colour) {
  const v1::Incident& incident = answer.incident();
  std::string out =
      Paint(colour, kBold,
            fmt::format(fmt::runtime(Say("Incident {}", "事件 {}")), answer.summary().number()));
  out += fmt::format("  {}\n\n", Printable(answer.summary().incident_id()));
  WhoAndWhere(answer, out);
  out += '\n';
  Decision(incident, colour, out);
  Findings(incident, colour, out);
  NotInspected(incident, colour, out);
  Trace(incident.verdict(), colour, out);
  return out;
}

}  // namespace shoumi::ctl
