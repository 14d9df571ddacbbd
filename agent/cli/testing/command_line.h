#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/fd.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

// `shoumi` as it is built, end to end, in a folder of its own.
namespace shoumi::cli {

namespace fs = std::filesystem;

struct Outcome {
  int exit_status = -1;
  std::string out;
  std::string err;

  [[nodiscard]] std::vector<nlohmann::ordered_json> Objects() const {
    std::vector<nlohmann::ordered_json> objects;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);)
      objects.push_back(nlohmann::ordered_json::parse(line));
    return objects;
  }
};

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    std::string pattern = (fs::temp_directory_path() / "shoumi-cli-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~CommandLineTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  // `shoumi` with these words.
  Outcome Run(std::vector<std::string> words, const std::string& input = "",
              const std::string& locale = "LC_ALL=C.UTF-8") {
    const std::string in = Write(".run/in", input);
    const std::string out = Path(".run/out");
    const std::string err = Path(".run/err");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    words.insert(words.begin(), std::string(SHOUMI_BIN_DIR) + "/shoumi");
    words.insert(words.begin(), run_as_.begin(), run_as_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string environment_word = locale;
    char* environment[] = {environment_word.data(), nullptr};
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environment),
              0);
    posix_spawn_file_actions_destroy(&actions);
    int how = 0;
    EXPECT_EQ(::waitpid(pid, &how, 0), pid);
    Outcome run;
    run.exit_status = WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
    run.out = ReadFile(out, 1 << 26).value_or("");
    run.err = ReadFile(err, 1 << 20).value_or("");
    fs::remove_all(folder_ / ".run");
    return run;
  }

  fs::path folder_;
  std::vector<std::string> run_as_;  // the words that change the user
};

}  // namespace shoumi::cli
