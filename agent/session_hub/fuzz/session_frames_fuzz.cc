// What a program that speaks for a session may send: the input is the stream of frames, behind a
// greeting that is in order when the first byte is even.
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "agent/channels/clipboard/paste_judge.h"
#include "agent/inspect/wire/frame.h"
#include "agent/session_hub/session_link.h"

namespace shoumi::agent {
namespace {

class Sink final : public EventSink {
 public:
  void Submit(Event event) override { event.answer(v1::Verdict()); }
  void Report(v1::AgentEvent::Kind, std::string detail) override {
    if (detail.find('\n') != std::string::npos) std::abort();
  }
  void RecordRefusal(v1::EventContext, v1::Verdict) override {}
};

std::string Greeting() {
  v1::FromSession message;
  message.mutable_hello()->set_protocol(1);
  message.mutable_hello()->set_uid(::getuid());
  message.mutable_hello()->set_display(":0");
  message.mutable_hello()->set_kind(v1::DISPLAY_KIND_X11);
  return inspect::EncodeFrame(message);
}

void Run(std::string_view bytes) {
  static Sink sink;
  static const SessionHubOptions options;
  SessionHandlers handlers;
  clipboard::ClipboardOptions clipboard;
  clipboard.program_of = [](pid_t) { return v1::Program(); };
  const auto judge = std::make_shared<clipboard::PasteJudge>(clipboard, sink, Clock::Real());
  v1::Policy policy;
  policy.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
  judge->ApplyPolicy(policy);
  handlers.SetPastes(judge);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  const UniqueFd far(ends[1]);
  const auto link = std::make_shared<SessionLink>(
      UniqueFd(ends[0]), ucred{::getpid(), ::getuid(), ::getgid()}, options, handlers, sink);
  std::string stream = (bytes[0] & 1) == 0 ? Greeting() : std::string();
  stream += bytes.substr(1);
  if (::send(far.get(), stream.data(), stream.size(), MSG_NOSIGNAL) < 0) std::abort();
  ::shutdown(far.get(), SHUT_WR);
  link->Start();
  // It reads to the end; what it answers is dropped.
  char answer[4096];
  while (::read(far.get(), answer, sizeof answer) > 0) continue;
  link->Stop();
}

}  // namespace
}  // namespace shoumi::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kBytesMax = 32 << 10;  // fits the socket
  if (size == 0 || size > kBytesMax) return 0;
  shoumi::agent::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
