#include "agent/session/link/agent_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/inspect/wire/frame.h"
#include "common/terminal/text.h"
#include "common/text.h"

namespace shoumi::session {
namespace {

constexpr uint32_t kFrameBytesMax = 64U << 10;
constexpr std::chrono::seconds kFrameMax{5};
constexpr size_t kNameBytesMax = 255;  // NAME_MAX
constexpr size_t kWordBytesMax = 128;
constexpr std::chrono::milliseconds kVerdict{5'000};  // before the agent has said
constexpr std::chrono::milliseconds kListPop{1'000};

// Names come from any program of the display; a message holds UTF-8 only.
std::string Word(std::string_view text) {
  return std::string(ClipUtf8(Printable(text), kWordBytesMax));
}

}  // namespace

AgentLink::AgentLink(AgentLinkOptions options, AgentLinkHooks hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      lists_(options_.lists_max) {
  state_.set_why("shoumi-session is starting");
  gone_since_ = std::chrono::steady_clock::now();
  thread_ = std::thread([this] { Run(); });
  files_thread_ = std::thread([this] { OpenLists(); });
}

AgentLink::~AgentLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  lists_.Close();
  thread_.join();
  files_thread_.join();
  for (auto& [id, open] : open_) open.done(false);
}

void AgentLink::Ask(Question question, Done done) {
  const auto lists = std::ranges::find_if(
      question.parts, [](const Part& part) { return part.bytes && ListsFiles(part.target); });
  if (lists != question.parts.end()) {
    List list{std::move(question), done};
    if (!lists_.TryPush(std::move(list))) done(false);
    return;
  }
  std::vector<Piece> pieces;
  for (Part& part : question.parts) {
    pieces.push_back({part.target, "", std::move(part.bytes), UniqueFd(), part.reason});
  }
  Enter(std::move(question), std::move(pieces), std::move(done));
}

// On a thread of its own: a file system that hangs holds up other lists of files only.
void AgentLink::OpenLists() {
  while (!stopping_) {
    auto list = lists_.Pop(kListPop);
    if (!list) continue;
    std::vector<Piece> pieces;
    for (const Part& part : list->question.parts) {
      pieces.push_back({part.target, "", part.bytes, UniqueFd(), part.reason});
      if (!part.bytes || !ListsFiles(part.target)) continue;
      if (part.bytes->size() > options_.list_bytes_max) {
        pieces.push_back({part.target, "", nullptr, UniqueFd(), v1::UNSCANNED_REASON_OVERSIZE});
        continue;
      }
      std::string text(part.bytes->size(), '\0');
      if (!part.bytes->Read(0, text).ok()) text.clear();
      for (CopiedFile& file : OpenCopiedFiles(text, options_.files)) {
        pieces.push_back({part.target, std::string(file.name.substr(0, kNameBytesMax)), nullptr,
                          std::move(file.fd), file.reason});
      }
    }
    Enter(std::move(list->question), std::move(pieces), std::move(list->done));
  }
  while (auto list = lists_.Pop(std::chrono::milliseconds(0))) list->done(false);
}

void AgentLink::Enter(Question question, std::vector<Piece> pieces, Done done) {
  std::unique_lock lock(mutex_);
  if (open_.size() >= options_.questions_max || stopping_) {
    lock.unlock();
    done(false);
    return;
  }
  const uint64_t id = ++last_id_;
  Open& open = open_[id];
  open.question = std::move(question);
  open.pieces = std::move(pieces);
  open.done = std::move(done);
  const auto verdict = settings_.verdict_ms_max() == 0
                           ? kVerdict
                           : std::chrono::milliseconds(settings_.verdict_ms_max());
  if (greeted_) {
    open.until = std::chrono::steady_clock::now() + verdict + options_.grace_ms_max;
  } else {
    // Who was told that nothing is guarded waits for nobody.
    const bool off = settings_.mode() == v1::CHANNEL_MODE_OFF;
    open.until = off ? Time() : gone_since_ + options_.gone_ms_max;
  }
  if (greeted_) SendPiece(id, open);
  lock.unlock();
  ::eventfd_write(wake_.get(), 1);  // it has a deadline
}

bool AgentLink::Send(const v1::FromSession& message, int fd) {
  if (!socket_) return false;
  const std::string frame = inspect::EncodeFrame(message);
  const std::span<const int> fds(&fd, fd >= 0 ? 1 : 0);
  const auto sent = inspect::SendSome(socket_.get(), frame, fds);
  if (sent.ok() && *sent == frame.size()) return true;
  // The agent does not read: it is as good as gone.
  ::shutdown(socket_.get(), SHUT_RDWR);
  return false;
}

bool AgentLink::SendPiece(uint64_t id, const Open& open) {
  const Piece& piece = open.pieces[open.next];
  v1::FromSession message;
  v1::PasteQuestion& question = *message.mutable_question();
  question.set_id(id);
  question.set_selection(open.question.selection);
  question.set_source_pid(open.question.source);
  question.set_requestor_pid(open.question.requestor);
  question.set_window_class(Word(open.question.window_class));
  question.set_target(Word(piece.target));
  question.set_file_name(piece.file_name);
  question.set_reason(piece.reason);
  const int fd = piece.bytes ? piece.bytes->fd() : piece.file.get();
  if (fd < 0 && piece.reason == v1::UNSCANNED_REASON_UNSPECIFIED) {
    question.set_reason(v1::UNSCANNED_REASON_CORRUPT);
  }
  return Send(message, fd);
}

void AgentLink::Report(std::string what) {
  const std::lock_guard lock(mutex_);
  if (!greeted_) return;  // the agent reports that nobody guards
  v1::FromSession message;
  message.mutable_notice()->set_what(std::move(what));
  Send(message);
}

bool AgentLink::SendResult(const v1::NotificationResult& result) {
  const std::lock_guard lock(mutex_);
  if (!greeted_) return false;
  v1::FromSession message;
  *message.mutable_notification() = result;
  return Send(message);
}

void AgentLink::SetState(bool guarding, std::string why) {
  const std::lock_guard lock(mutex_);
  state_.set_guarding(guarding);
  state_.set_why(std::move(why));
  if (greeted_) SendState();
}

void AgentLink::SendState() {
  v1::FromSession message;
  *message.mutable_state() = state_;
  Send(message);
}

bool AgentLink::WaitUntilTold(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  // Whoever was greeted has been told; the socket keeps it for the agent.
  return told_.wait_for(lock, wait, [&] { return greeted_; });
}

std::string AgentLink::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

absl::StatusOr<UniqueFd> AgentLink::Connect() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options_.socket_path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(options_.socket_path + ": too long for a socket");
  }
  std::memcpy(address.sun_path, options_.socket_path.c_str(), options_.socket_path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return ErrnoStatus(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return ErrnoStatus(errno, options_.socket_path);
  }
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
    return ErrnoStatus(errno, "SO_PEERCRED");
  }
  if (who.uid != options_.agent_uid) {
    return absl::PermissionDeniedError(options_.socket_path + ": it is not the agent who answers");
  }
  return socket;
}

void AgentLink::Run() {
  std::chrono::milliseconds wait = options_.retry_ms_min;
  while (!stopping_) {
    auto socket = Connect();
    if (socket.ok()) {
      {
        const std::lock_guard lock(mutex_);
        socket_ = *std::move(socket);
        v1::FromSession message;
        *message.mutable_hello() = options_.hello;
        Send(message);
      }
      if (Talk().ok()) wait = options_.retry_ms_min;
      const std::lock_guard lock(mutex_);
      if (greeted_) gone_since_ = std::chrono::steady_clock::now();
      connected_ = false;
      greeted_ = false;
      socket_.Reset();
      // They are asked again by whoever comes, within the time for it.
      const Time until = gone_since_ + options_.gone_ms_max;
      for (auto& [id, open] : open_) open.until = std::min(open.until, until);
    }
    Pause(wait);
    wait = std::min(wait * 2, options_.retry_ms_max);
  }
}

void AgentLink::Pause(std::chrono::milliseconds wait) {
  const Time until = std::chrono::steady_clock::now() + wait;
  for (Time now = std::chrono::steady_clock::now(); now < until && !stopping_;
       now = std::chrono::steady_clock::now()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    const int due = WaitMs(now);
    pollfd fd{wake_.get(), POLLIN, 0};
    ::poll(&fd, 1, due < 0 ? static_cast<int>(left) : std::min(static_cast<int>(left), due));
    uint64_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    Expire(std::chrono::steady_clock::now());
  }
}

// Until the earliest deadline; -1 when there is none.
int AgentLink::WaitMs(Time now) const {
  const std::lock_guard lock(mutex_);
  if (open_.empty()) return -1;
  Time earliest = Time::max();
  for (const auto& [id, open] : open_) earliest = std::min(earliest, open.until);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(earliest - now).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

absl::Status AgentLink::Talk() {
  const int socket = [&] {
    const std::lock_guard lock(mutex_);
    return socket_.get();
  }();
  bool heard = false;
  while (!stopping_) {
    pollfd fds[2] = {{socket, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    ::poll(fds, 2, WaitMs(std::chrono::steady_clock::now()));
    uint64_t count = 0;
    if ((fds[1].revents & POLLIN) != 0) ::eventfd_read(wake_.get(), &count);
    Expire(std::chrono::steady_clock::now());
    if (fds[0].revents == 0) continue;
    v1::ToSession message;
    const auto received = inspect::ReceiveFrame(socket, kFrameBytesMax, message, nullptr,
                                                std::chrono::steady_clock::now() + kFrameMax);
    if (!received.ok()) break;
    if (auto status = Handle(message); !status.ok()) return status;
    heard = true;
  }
  return heard ? absl::OkStatus() : absl::UnavailableError("the agent said nothing");
}

absl::Status AgentLink::Handle(const v1::ToSession& message) {
  if (message.has_answer()) {
    OnAnswer(message.answer());
    return absl::OkStatus();
  }
  if (message.has_refusal()) {
    const std::lock_guard lock(mutex_);
    refusal_ = message.refusal().why();
    return absl::PermissionDeniedError(refusal_);
  }
  if (message.has_notification()) {
    if (hooks_.on_notification) hooks_.on_notification(message.notification());
    return absl::OkStatus();
  }
  if (message.has_release()) {
    if (hooks_.on_release) hooks_.on_release(message.release());
    return absl::OkStatus();
  }
  if (!message.has_settings()) return absl::InvalidArgumentError("not understood");
  {
    const std::lock_guard lock(mutex_);
    settings_ = message.settings();
    if (!greeted_) {
      greeted_ = true;
      connected_ = true;
      SendState();
      for (const auto& [id, open] : open_) SendPiece(id, open);
      told_.notify_all();
    }
  }
  hooks_.on_settings(message.settings());
  return absl::OkStatus();
}

void AgentLink::OnAnswer(const v1::PasteAnswer& answer) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto it = open_.find(answer.id());
    if (it == open_.end()) return;
    Open& open = it->second;
    if (answer.pass() && open.next + 1 < open.pieces.size()) {
      ++open.next;
      SendPiece(it->first, open);
      return;
    }
    done = std::move(open.done);
    open_.erase(it);
  }
  done(answer.pass());
}

void AgentLink::Expire(Time now) {
  std::vector<Done> late;
  bool pass = false;
  {
    const std::lock_guard lock(mutex_);
    pass = settings_.pass_unjudged();
    for (auto it = open_.begin(); it != open_.end();) {
      if (now < it->second.until) {
        ++it;
        continue;
      }
      late.push_back(std::move(it->second.done));
      it = open_.erase(it);
    }
  }
  for (const Done& done : late) done(pass);
}

}  // namespace shoumi::session
