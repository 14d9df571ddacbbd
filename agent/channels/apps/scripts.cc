#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "agent/channels/apps/process_facts.h"

namespace shoumi::agent::apps {
namespace {

constexpr size_t kArgumentsBytesMax = 16 << 10;  // of which the script is sought
constexpr size_t kArgumentsMax = 64;

enum class Family { kNone, kShell, kPython, kNode, kJava, kWine, kOther };

struct Interpreter {
  const char* name;  // fnmatch(3)
  Family family;
};
constexpr Interpreter kInterpreters[] = {{"bash", Family::kShell},
                                         {"sh", Family::kShell},
                                         {"dash", Family::kShell},
                                         {"zsh*", Family::kShell},
                                         {"ksh*", Family::kShell},
                                         {"mksh", Family::kShell},
                                         {"python[0-9]*", Family::kPython},
                                         {"python", Family::kPython},
                                         {"pypy*", Family::kPython},
                                         {"node", Family::kNode},
                                         {"nodejs", Family::kNode},
                                         {"electron*", Family::kNode},
                                         {"nw", Family::kNode},
                                         {"deno", Family::kNode},
                                         {"bun", Family::kNode},
                                         {"java", Family::kJava},
                                         {"wine*", Family::kWine},
                                         {"perl*", Family::kOther},
                                         {"ruby*", Family::kOther},
                                         {"php*", Family::kOther},
                                         {"lua*", Family::kOther},
                                         {"mono*", Family::kOther},
                                         {"wish*", Family::kOther},
                                         {"tclsh*", Family::kOther},
                                         {"gjs*", Family::kOther},
                                         {"qml*", Family::kOther},
                                         {"busybox", Family::kShell}};

Family FamilyOf(std::string_view executable) {
  const std::string name(executable.substr(executable.rfind('/') + 1));
  for (const Interpreter& interpreter : kInterpreters) {
    if (::fnmatch(interpreter.name, name.c_str(), 0) == 0) return interpreter.family;
  }
  return Family::kNone;
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// What follows is code, or the name of a module: no script.
bool GivesCode(Family family, std::string_view option) {
  switch (family) {
    case Family::kShell:
      // "-c" may stand among others: "-lc".
      return !option.starts_with("--") && option.find('c') != std::string_view::npos;
    case Family::kPython:
      return IsOneOf(option, {"-c", "-m"});
    case Family::kNode:
      return IsOneOf(option, {"-e", "-p", "--eval", "--print", "-"});
    case Family::kOther:
      return IsOneOf(option, {"-e", "-E"});
    default:
      return false;
  }
}

bool TakesValue(Family family, std::string_view option) {
  switch (family) {
    case Family::kShell:
      return IsOneOf(option, {"-o", "-O", "--rcfile", "--init-file"});
    case Family::kPython:
      return IsOneOf(option, {"-W", "-X"});
    case Family::kNode:
      return IsOneOf(option, {"-r", "--require", "--import", "--loader", "-C"});
    case Family::kJava:
      return IsOneOf(option, {"-cp", "-classpath", "--class-path", "-p", "--module-path"});
    case Family::kOther:
      return IsOneOf(option, {"-I", "-r", "-d"});
    default:
      return false;
  }
}

// Lexical: the file system is not asked.
std::string Absolute(const std::string& folder, std::string_view path) {
  const std::string whole =
      path.starts_with('/') ? std::string(path) : folder + "/" + std::string(path);
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= whole.size();) {
    const size_t end = std::min(whole.find('/', at), whole.size());
    const std::string_view part = std::string_view(whole).substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

// Wine writes the Windows path of its program over the arguments: "C:\Program Files\…\WeChat.exe".
std::string WindowsProgram(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    std::string path = argument;
    std::replace(path.begin(), path.end(), '\\', '/');
    const std::string_view end =
        std::string_view(path).substr(path.size() - std::min<size_t>(path.size(), 4));
    const bool program = end.size() == 4 && end[0] == '.' &&
                         std::tolower(static_cast<unsigned char>(end[1])) == 'e' &&
                         std::tolower(static_cast<unsigned char>(end[2])) == 'x' &&
                         std::tolower(static_cast<unsigned char>(end[3])) == 'e';
    if (program) return path;
  }
  return {};
}

}  // namespace

bool IsInterpreter(std::string_view executable) {
  return FamilyOf(executable) != Family::kNone;
}

std::string ScriptOfArguments(std::string_view executable,
                              const std::vector<std::string>& arguments,
                              const std::string& folder) {
  const Family family = FamilyOf(executable);
  if (family == Family::kNone) return {};
  if (family == Family::kWine) return WindowsProgram(arguments);
  for (size_t at = 1; at < arguments.size(); ++at) {
    const std::string& argument = arguments[at];
    if (family == Family::kJava && argument == "-jar") {
      return at + 1 < arguments.size() ? Absolute(folder, arguments[at + 1]) : "";
    }
    if (argument == "--") continue;
    if (argument.starts_with('-')) {
      if (GivesCode(family, argument)) return {};
      at += TakesValue(family, argument) ? 1 : 0;
      continue;
    }
    // What java is given without -jar is the name of a class.
    return family == Family::kJava || argument.empty() ? "" : Absolute(folder, argument);
  }
  return {};
}

std::string ScriptOf(const Process& process, std::string_view executable) {
  if (!IsInterpreter(executable)) return {};
  const std::string text = process.Table("cmdline", kArgumentsBytesMax);
  std::vector<std::string> arguments;
  for (size_t at = 0; at < text.size() && arguments.size() < kArgumentsMax;) {
    const size_t end = std::min(text.find('\0', at), text.size());
    arguments.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return ScriptOfArguments(executable, arguments, process.Link("cwd"));
}

}  // namespace shoumi::agent::apps
