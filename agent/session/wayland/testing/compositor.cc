#include "agent/session/wayland/testing/compositor.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/session/x11/testing/x_server.h"

namespace shoumi::session::testing {
namespace {

constexpr uid_t kNobody = 65534;
constexpr mode_t kXSocketsMode = 01777;

// XWayland makes it otherwise, for its own user only.
void MakeFolderOfXSockets() {
  const char* const kFolder = "/tmp/.X11-unix";
  if (::mkdir(kFolder, kXSocketsMode) == 0) ::chmod(kFolder, kXSocketsMode);
}

}  // namespace

std::unique_ptr<Compositor> Compositor::Start() {
  std::unique_ptr<Compositor> compositor(new Compositor);
  std::string folder = "/tmp/shoumi-sway-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return nullptr;
  compositor->folder_ = folder;
  const std::string told = folder + "/x-display";
  std::ofstream(folder + "/config") << "xwayland enable\nexec printf %s \"$DISPLAY\" > " << told
                                    << ".new && mv " << told << ".new " << told << "\n";
  std::vector<std::string> command{"env",
                                   "XDG_RUNTIME_DIR=" + folder,
                                   "WLR_BACKENDS=headless",
                                   "WLR_RENDERER=pixman",
                                   "WLR_LIBINPUT_NO_DEVICES=1",
                                   "LIBSEAT_BACKEND=noop",
                                   "HOME=" + folder,
                                   "sway",
                                   "-c",
                                   folder + "/config"};
  if (::geteuid() == 0) {
    if (::chown(folder.c_str(), kNobody, kNobody) != 0) return nullptr;
    MakeFolderOfXSockets();
    compositor->as_user_ = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    command.insert(command.begin(), compositor->as_user_.begin(), compositor->as_user_.end());
  }
  compositor->pid_ = StartProgram(command);
  if (compositor->pid_ < 0) return nullptr;
  const auto ended = [&] {
    if (::waitpid(compositor->pid_, nullptr, WNOHANG) == 0) return false;
    compositor->pid_ = -1;
    return true;
  };
  if (!WaitUntil([&] { return std::filesystem::exists(told) || ended(); }) ||
      !std::filesystem::exists(told)) {
    return nullptr;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("wayland-") && !name.ends_with(".lock")) {
      compositor->display_ = entry.path();
    }
  }
  std::ifstream(told) >> compositor->x_display_;
  if (compositor->display_.empty()) return nullptr;
  ::setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
  ::setenv("WAYLAND_DISPLAY", compositor->display_.c_str(), 1);
  return compositor;
}

Compositor::~Compositor() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Compositor::Kill() {
  if (pid_ < 0) return;
  EndProgram(pid_);
  pid_ = -1;
}

}  // namespace shoumi::session::testing
