#include "agent/channels/apps/process_facts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace shoumi::agent::apps {
namespace {

TEST(CgroupOf, UnifiedFirstThenSystemd) {
  EXPECT_EQ(CgroupOf("0::/user.slice/a.scope\n"), "/user.slice/a.scope");
  EXPECT_EQ(CgroupOf("12:cpu:/x\n1:name=systemd:/user.slice/b.scope\n0::/c\n"), "/c");
  EXPECT_EQ(CgroupOf("12:cpu:/x\n1:name=systemd:/user.slice/b.scope\n0::/\n"),
            "/user.slice/b.scope");
  EXPECT_EQ(CgroupOf("0::/\n"), "/");
  EXPECT_EQ(CgroupOf(""), "/");
}

TEST(FlatpakOfCgroup, IdOfTheScope) {
  EXPECT_EQ(FlatpakOfCgroup("/user.slice/app.slice/app-flatpak-com.tencent.WeChat-3301.scope"),
            "com.tencent.WeChat");
  EXPECT_EQ(FlatpakOfCgroup("/app-flatpak-org.claws_mail.Claws\\x2dMail-7.scope/inner"),
            "org.claws_mail.Claws-Mail");
  EXPECT_EQ(FlatpakOfCgroup("/app-flatpak-.scope"), "");
  EXPECT_EQ(FlatpakOfCgroup("/app-gnome-wechat-3301.scope"), "");
  EXPECT_EQ(FlatpakOfCgroup("/"), "");
}

TEST(FlatpakOfMounts, IdOfWhatIsMountedAtApp) {
  const std::string system =
      "600 599 0:5 / /dev ro - devtmpfs x rw\n"
      "601 599 8:1 /var/lib/flatpak/app/com.qq.QQ/x86_64/stable/0a1b/files /app ro - ext4 "
      "/dev/sda1 "
      "rw\n";
  EXPECT_EQ(FlatpakOfMounts(system), "com.qq.QQ");
  EXPECT_EQ(
      FlatpakOfMounts("601 599 8:2 /li/.local/share/flatpak/app/im.riot.Riot/x86_64/stable/1/files "
                      "/newroot/app ro - ext4 d rw\n"),
      "im.riot.Riot");
  EXPECT_EQ(FlatpakOfMounts("601 599 8:1 /opt/app /app ro - ext4 d rw\n"), "");
  EXPECT_EQ(FlatpakOfMounts("601 599 8:1\n\n/app"), "");
}

TEST(SnapOf, ByPathThenByCgroup) {
  EXPECT_EQ(SnapOf("/snap/telegram-desktop/6500/usr/bin/telegram-desktop", "/"),
            "telegram-desktop");
  EXPECT_EQ(SnapOf("/var/lib/snapd/snap/slack/12/usr/lib/slack/slack", "/"), "slack");
  EXPECT_EQ(SnapOf("/usr/bin/x", "/user.slice/snap.firefox.firefox-9f0e.scope"), "firefox");
  EXPECT_EQ(SnapOf("/usr/bin/x", "/snap.code_two.code\\x2durl-1.scope"), "code");
  EXPECT_EQ(SnapOf("/snap/only", "/snap.broken"), "");
}

TEST(ScriptOfArguments, WhatTheInterpreterRuns) {
  const auto script = [](const char* executable, const std::vector<std::string>& arguments) {
    return ScriptOfArguments(executable, arguments, "/home/li");
  };
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-u", "app.py", "x"}), "/home/li/app.py");
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-X", "dev", "../a/./b.py"}), "/home/a/b.py");
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-c", "import x", "app.py"}), "");
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-m", "http.server"}), "");
  EXPECT_EQ(script("/usr/bin/bash", {"bash", "/opt/m/start.sh"}), "/opt/m/start.sh");
  EXPECT_EQ(script("/usr/bin/bash", {"-bash"}), "");
  EXPECT_EQ(script("/usr/bin/bash", {"bash", "-lc", "m x"}), "");
  EXPECT_EQ(script("/usr/bin/dash", {"sh", "-e", "-o", "pipefail", "--", "//opt//x"}), "/opt/x");
  EXPECT_EQ(script("/usr/bin/node", {"node", "--require", "a.js", "/opt/m/main.js"}),
            "/opt/m/main.js");
  EXPECT_EQ(
      script("/usr/lib/electron28/electron", {"electron", "--no-sandbox", "/usr/lib/m/app.asar"}),
      "/usr/lib/m/app.asar");
  EXPECT_EQ(script("/usr/bin/java", {"java", "-cp", "a.jar", "-jar", "m.jar"}), "/home/li/m.jar");
  EXPECT_EQ(script("/usr/bin/java", {"java", "Main"}), "");
  EXPECT_EQ(script("/opt/deepin-wine6-stable/bin/wine-preloader",
                   {"C:\\Program Files\\Tencent\\WeChat\\WeChat.exe"}),
            "C:/Program Files/Tencent/WeChat/WeChat.exe");
  EXPECT_EQ(script("/usr/lib/wine/wine64-preloader", {"wine64", "/x/QQ.EXE", "/run"}), "/x/QQ.EXE");
  EXPECT_EQ(script("/usr/bin/cat", {"cat", "app.py"}), "");
  EXPECT_EQ(script("/usr/bin/python3", {}), "");
  EXPECT_EQ(script("/usr/bin/python3", {"python3", "-W"}), "");
}

TEST(Process, OfItself) {
  const absl::StatusOr<Process> self = Process::Open(::getpid());
  ASSERT_TRUE(self.ok());
  EXPECT_TRUE(self->Lives());
  const absl::StatusOr<ProcessFacts> facts = ReadFacts(*self);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->pid, ::getpid());
  EXPECT_EQ(facts->parent, ::getppid());
  EXPECT_EQ(facts->uid, ::getuid());
  EXPECT_NE(facts->start_ticks, 0u);
  EXPECT_TRUE(facts->executable.ends_with("/channel_apps_test")) << facts->executable;
  EXPECT_EQ(ImageOf(*self), facts->image);
}

TEST(Process, ThatHasEnded) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  absl::StatusOr<Process> process = Process::Open(child);
  ASSERT_TRUE(process.ok());
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(process->Lives());
  EXPECT_FALSE(ReadFacts(*process).ok());
  EXPECT_EQ(ImageOf(*process), 0u);
  EXPECT_FALSE(Process::Open(child).ok());
  EXPECT_FALSE(Process::Open(0).ok());
  EXPECT_FALSE(Process::Open(-1).ok());
}

}  // namespace
}  // namespace shoumi::agent::apps
