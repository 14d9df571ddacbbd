#include "agent/channels/clipboard/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace shoumi::agent::clipboard {
namespace {

constexpr size_t kReasonsMax = 8;

bool Serves(const ConnectedSession& program, const GraphicalSession& session) {
  if (program.uid != session.uid) return false;
  return (!session.id.empty() && program.session == session.id) ||
         (!session.display.empty() && program.display == session.display);
}

constexpr const char* kOnlyX = "Wayland, only programs of XWayland are guarded";

// What a program that guards leaves open; empty: nothing.
std::string NotWholly(const ConnectedSession& program) {
  if (program.kind == v1::DISPLAY_KIND_WAYLAND) {
    return "partly: the Wayland compositor does not say which program pastes, rules that name "
           "programs hold for every paste";
  }
  if (program.kind != v1::DISPLAY_KIND_XWAYLAND) return {};
  return program.why.empty() ? kOnlyX : fmt::format("{}: {}", kOnlyX, program.why);
}

// Empty when it is wholly guarded.
std::string WhyNot(const GraphicalSession& session, const ConnectedSession* program) {
  const std::string name = fmt::format("session {} of uid {}", session.id, session.uid);
  if (program == nullptr) {
    return fmt::format("{}: {}", name,
                       session.wayland ? "Wayland, and shoumi-session does not run there"
                                       : "shoumi-session does not run there");
  }
  if (!program->guarding) return fmt::format("{}: {}", name, program->why);
  if (std::string why = NotWholly(*program); !why.empty()) return name + ": " + why;
  if (session.wayland && program->kind == v1::DISPLAY_KIND_X11) return name + ": " + kOnlyX;
  return {};
}

}  // namespace

v1::ChannelState CoverageOf(v1::ChannelMode mode, const std::vector<GraphicalSession>& sessions,
                            const std::vector<ConnectedSession>& connected) {
  v1::ChannelState state;
  state.set_channel("clipboard");
  if (mode != v1::CHANNEL_MODE_INSPECT && mode != v1::CHANNEL_MODE_REPORT_ONLY) {
    state.set_coverage(v1::COVERAGE_NOT_COVERED);
    state.set_why("the policy does not guard the clipboard");
    return state;
  }
  state.set_guarded(static_cast<uint32_t>(std::ranges::count_if(
      connected, [](const ConnectedSession& program) { return program.guarding; })));
  std::vector<std::string> reasons;
  std::set<const ConnectedSession*> known;
  for (const GraphicalSession& session : sessions) {
    const auto it = std::ranges::find_if(
        connected, [&](const ConnectedSession& program) { return Serves(program, session); });
    const ConnectedSession* const program = it == connected.end() ? nullptr : &*it;
    known.insert(program);
    if (std::string why = WhyNot(session, program); !why.empty()) reasons.push_back(std::move(why));
  }
  // Displays that the login service knows nothing of.
  for (const ConnectedSession& program : connected) {
    if (known.contains(&program)) continue;
    const std::string why = program.guarding ? NotWholly(program) : program.why;
    if (why.empty() && program.guarding) continue;
    reasons.push_back(fmt::format("display {} of uid {}: {}", program.display, program.uid, why));
  }
  if (reasons.empty()) {
    state.set_coverage(v1::COVERAGE_COVERED);
    if (state.guarded() == 0) state.set_why("there is no graphical session");
    return state;
  }
  state.set_coverage(state.guarded() > 0 ? v1::COVERAGE_PARTIAL : v1::COVERAGE_NOT_COVERED);
  if (reasons.size() > kReasonsMax) {
    const size_t more = reasons.size() - kReasonsMax;
    reasons.resize(kReasonsMax);
    reasons.push_back(fmt::format("{} more", more));
  }
  state.set_why(fmt::format("{}", fmt::join(reasons, "; ")));
  return state;
}

}  // namespace shoumi::agent::clipboard
