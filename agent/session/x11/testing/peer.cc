#include "agent/session/x11/testing/peer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "agent/session/x11/testing/x_server.h"

namespace shoumi::session::testing {
namespace {

constexpr uint64_t kBytesMax = 1ULL << 30;

std::string_view Bytes(const std::vector<xcb_atom_t>& atoms) {
  return {reinterpret_cast<const char*>(atoms.data()), atoms.size() * sizeof(xcb_atom_t)};
}

}  // namespace

Owner::Owner(const std::string& display, std::string selection, std::map<std::string, Act> acts)
    : display_(Display::Open(display).value()),
      selection_(std::move(selection)),
      acts_(std::move(acts)),
      window_(display_->MakeWindow()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { Run(); });
  Own();
}

Owner::~Owner() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Owner::Own() {
  own_ = true;
  ::eventfd_write(wake_.get(), 1);
  WaitUntil([&] { return !own_; });
}

void Owner::Run() {
  while (!stopping_ && !display_->broken()) {
    if (own_) {
      ::xcb_set_selection_owner(display_->raw(), window_, display_->Atom(selection_), 0);
      // The answer says that the server has done it.
      const auto cookie = ::xcb_get_selection_owner(display_->raw(), display_->Atom(selection_));
      const Reply<xcb_get_selection_owner_reply_t> done(
          ::xcb_get_selection_owner_reply(display_->raw(), cookie, nullptr));
      own_ = false;
    }
    while (const Reply<xcb_generic_event_t> event{::xcb_poll_for_event(display_->raw())}) {
      const uint8_t type = event->response_type & 0x7F;
      if (type == XCB_SELECTION_REQUEST) {
        const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(*event);
        const auto act = acts_.find(display_->AtomNames(std::span(&request.target, 1)).front());
        (act == acts_.end() ? Refuses() : act->second)(*this, request);
      } else if (type == XCB_SELECTION_CLEAR) {
        ++lost_;
        if (insist_) own_ = true;
      } else if (type == XCB_PROPERTY_NOTIFY && on_taken_) {
        const auto& property = reinterpret_cast<const xcb_property_notify_event_t&>(*event);
        if (property.state == XCB_PROPERTY_DELETE) on_taken_(property.window, property.atom);
      }
    }
    ::xcb_flush(display_->raw());
    if (own_) continue;
    pollfd fds[2] = {{::xcb_get_file_descriptor(display_->raw()), POLLIN, 0},
                     {wake_.get(), POLLIN, 0}};
    ::poll(fds, 2, 10);
    uint64_t count = 0;
    ::eventfd_read(wake_.get(), &count);
  }
}

void Owner::Tell(const xcb_selection_request_event_t& request, bool done) {
  xcb_selection_notify_event_t notify{};
  notify.response_type = XCB_SELECTION_NOTIFY;
  notify.time = request.time;
  notify.requestor = request.requestor;
  notify.selection = request.selection;
  notify.target = request.target;
  notify.property = done ? request.property : xcb_atom_t{XCB_ATOM_NONE};
  char bytes[32] = {};
  std::memcpy(bytes, &notify, sizeof notify);
  ::xcb_send_event(display_->raw(), 0, request.requestor, 0, bytes);
}

Owner::Act Owner::Gives(Content content) {
  return [content = std::move(content)](Owner& owner,
                                        const xcb_selection_request_event_t& request) {
    owner.display().SetProperty(request.requestor, request.property,
                                owner.display().Atom(content.type), content.format, content.bytes);
    owner.Tell(request, true);
  };
}

Owner::Act Owner::Offers(std::vector<std::string> names) {
  return [names = std::move(names)](Owner& owner, const xcb_selection_request_event_t& request) {
    std::vector<xcb_atom_t> atoms;
    for (const std::string& name : names) atoms.push_back(owner.display().Atom(name));
    owner.display().SetProperty(request.requestor, request.property, XCB_ATOM_ATOM, 32,
                                Bytes(atoms));
    owner.Tell(request, true);
  };
}

Owner::Act Owner::GivesInPieces(std::string piece, uint64_t pieces, bool endless) {
  return [piece = std::move(piece), pieces, endless](Owner& owner,
                                                     const xcb_selection_request_event_t& request) {
    const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
    ::xcb_change_window_attributes(owner.display().raw(), request.requestor, XCB_CW_EVENT_MASK,
                                   &events);
    const uint32_t announced = 1;  // nobody may rely on it
    owner.display().SetProperty(request.requestor, request.property, owner.display().Atom("INCR"),
                                32, {reinterpret_cast<const char*>(&announced), 4});
    auto left = std::make_shared<uint64_t>(pieces);
    owner.OnTaken([&owner, piece, left, endless, mine = request.requestor, type = request.target](
                      xcb_window_t window, xcb_atom_t property) {
      if (window != mine) return;
      if (*left == 0 && endless) return;
      const bool last = *left == 0;
      if (!last) --*left;
      owner.display().SetProperty(window, property, type, 8, last ? std::string() : piece);
      if (last) owner.OnTaken(nullptr);
    });
    owner.Tell(request, true);
  };
}

Owner::Act Owner::Silent() {
  return [](Owner&, const xcb_selection_request_event_t&) {};
}
Owner::Act Owner::SaysSoOnly() {
  return
      [](Owner& owner, const xcb_selection_request_event_t& request) { owner.Tell(request, true); };
}
Owner::Act Owner::Refuses() {
  return [](Owner& owner, const xcb_selection_request_event_t& request) {
    owner.Tell(request, false);
  };
}

Requestor::Requestor(const std::string& display) : display_(Display::Open(display).value()) {
  window_ = display_->MakeWindow();
}

Reply<xcb_generic_event_t> Requestor::NextEvent() {
  constexpr int kWaitMs = 20'000;
  ::xcb_flush(display_->raw());
  Reply<xcb_generic_event_t> event(::xcb_poll_for_event(display_->raw()));
  pollfd fd{::xcb_get_file_descriptor(display_->raw()), POLLIN, 0};
  while (!event && !display_->broken() && ::poll(&fd, 1, kWaitMs) > 0) {
    event.reset(::xcb_poll_for_event(display_->raw()));
  }
  return event;
}

std::optional<xcb_atom_t> Requestor::WaitNotify() {
  while (const auto event = NextEvent()) {
    if ((event->response_type & 0x7F) != XCB_SELECTION_NOTIFY) continue;
    return reinterpret_cast<const xcb_selection_notify_event_t&>(*event).property;
  }
  return std::nullopt;
}

void Requestor::AskOnly(const std::string& selection, const std::string& target) {
  ::xcb_convert_selection(display_->raw(), window_, display_->Atom(selection),
                          display_->Atom(target), display_->Atom("GOT"), XCB_CURRENT_TIME);
  ::xcb_flush(display_->raw());
}

std::optional<Content> Requestor::Convert(const std::string& selection, const std::string& target) {
  AskOnly(selection, target);
  const auto property = WaitNotify();
  if (!property || *property == XCB_ATOM_NONE) return std::nullopt;
  Content content = Take("GOT");
  if (content.type == "INCR" && !TakePieces(*property, &content)) return std::nullopt;
  return content;
}

Content Requestor::Take(const std::string& property) {
  Property taken = display_->TakeProperty(window_, display_->Atom(property), kBytesMax);
  return {display_->AtomNames(std::span(&taken.type, 1)).front(), taken.format,
          std::move(taken.bytes)};
}

bool Requestor::TakePieces(xcb_atom_t property, Content* content) {
  content->bytes.clear();
  while (const auto event = NextEvent()) {
    if ((event->response_type & 0x7F) != XCB_PROPERTY_NOTIFY) continue;
    const auto& change = reinterpret_cast<const xcb_property_notify_event_t&>(*event);
    if (change.state != XCB_PROPERTY_NEW_VALUE || change.atom != property) continue;
    const Property piece = display_->TakeProperty(window_, property, kBytesMax);
    if (piece.type == XCB_ATOM_NONE) continue;
    if (piece.bytes.empty()) return true;
    content->type = display_->AtomNames(std::span(&piece.type, 1)).front();
    content->format = piece.format;
    content->bytes += piece.bytes;
  }
  return false;
}

std::vector<xcb_atom_t> Requestor::ConvertMultiple(const std::string& selection,
                                                   const std::vector<std::string>& targets) {
  std::vector<xcb_atom_t> pairs;
  for (const std::string& target : targets) {
    pairs.push_back(display_->Atom(target));
    pairs.push_back(display_->Atom("GOT_" + target));
  }
  display_->SetProperty(window_, display_->Atom("GOT"), display_->Atom("ATOM_PAIR"), 32,
                        Bytes(pairs));
  AskOnly(selection, "MULTIPLE");
  const auto property = WaitNotify();
  if (!property || *property == XCB_ATOM_NONE) return {};
  const Property back = display_->TakeProperty(window_, display_->Atom("GOT"), kBytesMax);
  std::vector<xcb_atom_t> atoms(back.bytes.size() / sizeof(xcb_atom_t));
  std::memcpy(atoms.data(), back.bytes.data(), back.bytes.size());
  return atoms;
}

std::vector<std::string> Requestor::Targets(const std::string& selection) {
  const auto content = Convert(selection, "TARGETS");
  if (!content) return {};
  std::vector<xcb_atom_t> atoms(content->bytes.size() / sizeof(xcb_atom_t));
  std::memcpy(atoms.data(), content->bytes.data(), content->bytes.size());
  return display_->AtomNames(atoms);
}

Terminal::Terminal(const std::string& display)
    : pid_(StartProgram({"xterm", "-display", display, "-geometry", "20x5+0+0", "-e", "cat"})) {}

Terminal::~Terminal() {
  if (pid_ > 0) EndProgram(pid_);
}

bool Terminal::Mapped(Display& display) {
  const auto cookie = ::xcb_query_tree(display.raw(), display.root());
  const Reply<xcb_query_tree_reply_t> tree(::xcb_query_tree_reply(display.raw(), cookie, nullptr));
  const xcb_window_t* const children = ::xcb_query_tree_children(tree.get());
  for (int i = 0; i < ::xcb_query_tree_children_length(tree.get()); ++i) {
    const auto asked = ::xcb_get_window_attributes(display.raw(), children[i]);
    const Reply<xcb_get_window_attributes_reply_t> window(
        ::xcb_get_window_attributes_reply(display.raw(), asked, nullptr));
    if (!window || window->map_state != XCB_MAP_STATE_VIEWABLE) continue;
    if (display.PidOf(children[i]) == pid_) window_ = children[i];
  }
  return window_ != XCB_NONE;
}

void Terminal::PointInto(Display& display) {
  ::xcb_warp_pointer(display.raw(), XCB_NONE, window_, 0, 0, 0, 0, 10, 10);
  ::xcb_flush(display.raw());
}

void TestJudge::Ask(Question question, Done done) {
  const auto answer = rule_(question);
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(question));
    if (!answer) never_.push_back(done);
  }
  if (answer) done(*answer);
}

void TestJudge::Report(std::string what) {
  const std::lock_guard lock(mutex_);
  reports_.push_back(std::move(what));
}

std::vector<Question> TestJudge::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::vector<std::string> TestJudge::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

}  // namespace shoumi::session::testing
