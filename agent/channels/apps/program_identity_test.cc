// Identities of real processes.
#include "agent/channels/apps/program_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "fmt/format.h"

namespace shoumi::agent::apps {
namespace {

namespace fs = std::filesystem;

class FakeHomes final : public Homes {
 public:
  std::string Of(uid_t) override {
    ++asked;
    return home;
  }
  std::string home = "/home/nobody-here";
  int asked = 0;
};

// A program that says when it runs and then waits for the end of its input.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      std::vector<char*> argv;
      argv.reserve(arguments.size() + 1);
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(to_);
    ::close(from_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // The next line it says.
  std::string Line() {
    std::string line;
    pollfd ready{from_, POLLIN, 0};
    while (::poll(&ready, 1, 20'000) == 1) {
      char c = 0;
      if (::read(from_, &c, 1) != 1 || c == '\n') break;
      line.push_back(c);
    }
    return line;
  }
  void Say(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(to_, text.data(), text.size()) < 0) std::abort();
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
};

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() {
    std::string name = fs::temp_directory_path() / "shoumi-apps-XXXXXX";
    folder_ = fs::canonical(::mkdtemp(name.data()));
    fs::create_directory(folder_ / "messenger");
    // A shell under another name is a program of its own that can start others.
    fs::copy_file("/bin/sh", messenger(), fs::copy_options::overwrite_existing);
    v1::App& app = *apps_.Add();
    app.set_id("messenger");
    app.add_classes("messenger");
    app.add_executables(folder_ / "messenger" / "*");
    v1::App& script = *apps_.Add();
    script.set_id("scripted");
    script.add_classes("mail");
    script.add_scripts("*/scripted/main*");
    fs::create_directory(folder_ / "scripted");
  }
  ~IdentityTest() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path messenger() const { return folder_ / "messenger" / "app"; }

  fs::path Script(const std::string& name, const std::string& text) {
    fs::path path = folder_ / "scripted" / name;
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  ProgramIdentity IdentityOf(pid_t pid) {
    absl::StatusOr<Process> process = Process::Open(pid);
    EXPECT_TRUE(process.ok());
    if (!process.ok()) return {};
    absl::StatusOr<ProgramIdentity> identity = Identify(*process, catalogue());
    EXPECT_TRUE(identity.ok());
    return identity.ok() ? *identity : ProgramIdentity{};
  }
  const AppCatalogue& catalogue() {
    if (!catalogue_) catalogue_ = std::make_unique<AppCatalogue>(apps_, homes_);
    return *catalogue_;
  }

  fs::path folder_;
  FakeHomes homes_;
  google::protobuf::RepeatedPtrField<v1::App> apps_;
  std::unique_ptr<AppCatalogue> catalogue_;
};

TEST_F(IdentityTest, ByExecutable) {
  Child child({messenger(), "-c", "echo up; read x"});
  ASSERT_EQ(child.Line(), "up");
  const ProgramIdentity identity = IdentityOf(child.pid());
  EXPECT_EQ(identity.program.app(), "messenger");
  EXPECT_EQ(identity.program.app_classes(0), "messenger");
  EXPECT_EQ(identity.program.executable(), messenger());
  EXPECT_EQ(identity.program.name(), "app");
  EXPECT_EQ(identity.program.pid(), child.pid());
  EXPECT_EQ(identity.uid, ::getuid());
  EXPECT_TRUE(identity.below_self);
}

TEST_F(IdentityTest, NoAppForOthers) {
  Child child({"/bin/sh", "-c", "echo up; read x"});
  ASSERT_EQ(child.Line(), "up");
  const ProgramIdentity identity = IdentityOf(child.pid());
  EXPECT_EQ(identity.app, nullptr);
  EXPECT_EQ(identity.program.app(), "");
  EXPECT_FALSE(identity.program.executable().empty());
}

TEST_F(IdentityTest, StillItselfWhenItsFileIsGone) {
  Child child({messenger(), "-c", "echo up; read x"});
  ASSERT_EQ(child.Line(), "up");
  fs::remove(messenger());
  EXPECT_EQ(IdentityOf(child.pid()).program.app(), "messenger");
}

TEST_F(IdentityTest, HelpersCountWithTheirProgram) {
  Child child({messenger(), "-c", "/bin/sh -c 'echo $$; read x'; true"});
  const pid_t helper = std::stoi(child.Line());
  ASSERT_NE(helper, child.pid());
  const ProgramIdentity identity = IdentityOf(helper);
  EXPECT_EQ(identity.program.app(), "messenger");
  EXPECT_NE(identity.program.executable(), messenger());
  EXPECT_EQ(identity.program.pid(), helper);
}

TEST_F(IdentityTest, HelpersAreFoundUpToABound) {
  const auto deep = [this](int levels) {
    // Each level is a shell that waits for the one below it.
    std::string command = "echo $$; read x";
    const fs::path script = Script(
        "nest", "if [ $1 = 0 ]; then echo $$; read x; else /bin/sh $0 $(($1 - 1)); fi; true\n");
    Child child({messenger(), "-c", fmt::format("/bin/sh {} {}; true", script.string(), levels)});
    return IdentityOf(std::stoi(child.Line())).program.app();
  };
  EXPECT_EQ(deep(kAncestorsMax - 1), "messenger");
  EXPECT_EQ(deep(kAncestorsMax), "");
}

TEST_F(IdentityTest, AnAppBelowAnotherIsItself) {
  fs::create_directory(folder_ / "office");
  fs::copy_file("/bin/sh", folder_ / "office" / "writer");
  v1::App& office = *apps_.Add();
  office.set_id("office");
  office.add_executables(folder_ / "office" / "writer");
  Child child(
      {messenger(), "-c",
       fmt::format("{} -c 'echo $$; read x'; true", (folder_ / "office" / "writer").string())});
  EXPECT_EQ(IdentityOf(std::stoi(child.Line())).program.app(), "office");
}

TEST_F(IdentityTest, ScriptsAreLookedThrough) {
  for (const char* interpreter : {"/bin/sh", "/bin/bash"}) {
    const fs::path script = Script("main.sh", fmt::format("#!{}\necho up\nread x\n", interpreter));
    Child child({script});
    ASSERT_EQ(child.Line(), "up");
    EXPECT_EQ(IdentityOf(child.pid()).program.app(), "scripted") << interpreter;
  }
  const fs::path python =
      Script("main.py", "import sys\nprint('up', flush=True)\nsys.stdin.read()\n");
  Child child({"/usr/bin/env", "python3", "-u", python});
  ASSERT_EQ(child.Line(), "up");
  EXPECT_EQ(IdentityOf(child.pid()).program.app(), "scripted");
  Child inline_code({"/usr/bin/env", "python3", "-c",
                     "import sys; print('up', flush=True); sys.stdin.read()", python});
  ASSERT_EQ(inline_code.Line(), "up");
  EXPECT_EQ(IdentityOf(inline_code.pid()).program.app(), "");
}

TEST_F(IdentityTest, ChangesWithExec) {
  Child child(
      {"/bin/sh", "-c",
       fmt::format("echo up; read x; exec {} -c 'echo again; read x'", messenger().string())});
  ASSERT_EQ(child.Line(), "up");
  absl::StatusOr<Process> process = Process::Open(child.pid());
  ASSERT_TRUE(process.ok());
  absl::StatusOr<ProgramIdentity> before = Identify(*process, catalogue());
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->app, nullptr);
  EXPECT_TRUE(IsUnchanged(*process, *before));
  child.Say("go");
  ASSERT_EQ(child.Line(), "again");
  EXPECT_FALSE(IsUnchanged(*process, *before));
  absl::StatusOr<ProgramIdentity> after = Identify(*process, catalogue());
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->program.app(), "messenger");
  EXPECT_TRUE(IsUnchanged(*process, *after));
}

TEST_F(IdentityTest, ChangesWithExecOfTheSameInterpreter) {
  const fs::path script = Script("main.sh", "#!/bin/sh\necho again\nread x\n");
  Child child({"/bin/sh", "-c", fmt::format("echo up; read x; exec /bin/sh {}", script.string())});
  ASSERT_EQ(child.Line(), "up");
  absl::StatusOr<Process> process = Process::Open(child.pid());
  ASSERT_TRUE(process.ok());
  absl::StatusOr<ProgramIdentity> before = Identify(*process, catalogue());
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->app, nullptr);
  child.Say("go");
  ASSERT_EQ(child.Line(), "again");
  EXPECT_FALSE(IsUnchanged(*process, *before));
  EXPECT_EQ(IdentityOf(child.pid()).program.app(), "scripted");
}

TEST_F(IdentityTest, EndsWithTheProcess) {
  absl::StatusOr<Process> process = absl::NotFoundError("");
  absl::StatusOr<ProgramIdentity> identity = absl::NotFoundError("");
  {
    Child child({messenger(), "-c", "echo up; read x"});
    ASSERT_EQ(child.Line(), "up");
    process = Process::Open(child.pid());
    ASSERT_TRUE(process.ok());
    identity = Identify(*process, catalogue());
    ASSERT_TRUE(identity.ok());
  }
  EXPECT_FALSE(IsUnchanged(*process, *identity));
  EXPECT_FALSE(Identify(*process, catalogue()).ok());
}

TEST_F(IdentityTest, FlatpakByItsMounts) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: a mount namespace of its own";
  const fs::path files = folder_ / "flatpak/app/org.example.Talk/x86_64/stable/1/files";
  fs::create_directories(files);
  fs::copy_file("/bin/sh", files / "talk");
  v1::App& app = *apps_.Add();
  app.set_id("talk");
  app.add_flatpaks("org.example.*");
  // A root of its own, as Flatpak makes one.
  fs::create_directory(folder_ / "root");
  Child child(
      {"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
       fmt::format("cd {0}/root && mount -t tmpfs none . && cd {0}/root && mkdir app usr && "
                   "mount --bind {1} app && mount --rbind /usr usr && "
                   "for d in bin lib lib64; do ln -s usr/$d $d; done && "
                   "exec chroot . /app/talk -c 'echo up; read x'",
                   folder_.string(), files.string())});
  ASSERT_EQ(child.Line(), "up");
  EXPECT_EQ(IdentityOf(child.pid()).program.app(), "talk");
}

TEST_F(IdentityTest, HomesAreAskedOnlyWhereTheRestFits) {
  v1::App& app = *apps_.Add();
  app.set_id("own");
  app.add_executables("~/own[1]/app");
  app.add_own_paths("~/.own/*");
  homes_.home = "/data/[li]";
  ProcessFacts facts;
  facts.executable = "/usr/bin/cat";
  EXPECT_EQ(catalogue().Find(facts, ""), nullptr);
  EXPECT_EQ(homes_.asked, 0);
  facts.executable = "/data/[li]/own1/app";
  ASSERT_NE(catalogue().Find(facts, ""), nullptr);
  EXPECT_EQ(catalogue().Find(facts, "")->id(), "own");
  EXPECT_GT(homes_.asked, 0);
  facts.executable = "/data/l/own1/app";
  EXPECT_EQ(catalogue().Find(facts, ""), nullptr);
  EXPECT_TRUE(catalogue().IsOwnPath(app, 1, "/data/[li]/.own/cache/a/b"));
  EXPECT_FALSE(catalogue().IsOwnPath(app, 1, "/data/other/.own/cache"));
  EXPECT_FALSE(catalogue().IsOwnPath(app, 1, "/data/[li]/Documents/.own"));
}

TEST_F(IdentityTest, TheExecutableComesBeforeWhatAProcessSaysOfItself) {
  v1::App& app = *apps_.Add();
  app.set_id("pretended");
  app.add_flatpaks("org.example.Editor");
  ProcessFacts facts;
  facts.executable = messenger();
  facts.flatpak = "org.example.Editor";
  EXPECT_EQ(catalogue().Find(facts, "/x/scripted/main.sh")->id(), "messenger");
  facts.executable = "/app/bin/editor";
  EXPECT_EQ(catalogue().Find(facts, "")->id(), "pretended");
}

TEST(Homes, OfRoot) {
  Homes homes;
  EXPECT_EQ(homes.Of(0), "/root");
  EXPECT_EQ(homes.Of(0), "/root");
  EXPECT_EQ(homes.Of(4'000'000'123u), "");
}

}  // namespace
}  // namespace shoumi::agent::apps
