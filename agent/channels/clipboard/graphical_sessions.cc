#include "agent/channels/clipboard/graphical_sessions.h"

#include <systemd/sd-login.h>

#include <cstdlib>
#include <memory>

namespace shoumi::agent::clipboard {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

using Asks = int (*)(const char* session, char** answer);

std::string Ask(Asks asks, const char* session) {
  char* answer = nullptr;
  if (asks(session, &answer) < 0) return {};
  const std::unique_ptr<char, Free> owned(answer);
  return owned ? std::string(owned.get()) : std::string();
}

}  // namespace

std::vector<GraphicalSession> LoginSessions() {
  char** ids = nullptr;
  const int count = ::sd_get_sessions(&ids);
  std::vector<GraphicalSession> sessions;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<char, Free> id(ids[i]);
    GraphicalSession session;
    const std::string type = Ask(::sd_session_get_type, id.get());
    session.wayland = type == "wayland";
    if (!session.wayland && type != "x11") continue;
    if (Ask(::sd_session_get_class, id.get()) != "user") continue;
    if (Ask(::sd_session_get_state, id.get()) == "closing") continue;
    if (::sd_session_get_uid(id.get(), &session.uid) < 0) continue;
    session.id = id.get();
    session.display = Ask(::sd_session_get_display, id.get());
    sessions.push_back(std::move(session));
  }
  std::free(static_cast<void*>(ids));
  return sessions;
}

}  // namespace shoumi::agent::clipboard
