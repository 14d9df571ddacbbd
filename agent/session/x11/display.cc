#include "agent/session/x11/display.h"

#include <fmt/format.h>
#include <xcb/res.h>
#include <xcb/xfixes.h>

#include <algorithm>

namespace shoumi::session {
namespace {

constexpr uint32_t kReadBytes = 1U << 20;  // of a property at once
constexpr size_t kRequestHeadBytes = 64;   // of ChangeProperty, generously
constexpr size_t kRetiredMax = 32;         // windows
constexpr uint32_t kClassBytesMax = 256;
constexpr uint32_t kAtomsAtOnce = 128;

}  // namespace

absl::StatusOr<std::unique_ptr<Display>> Display::Open(const std::string& name) {
  std::unique_ptr<Display> display(
      new Display(::xcb_connect(name.empty() ? nullptr : name.c_str(), nullptr)));
  if (display->broken()) {
    return absl::UnavailableError(fmt::format("no X server answers at display \"{}\"", name));
  }
  if (absl::Status status = display->SetUp(); !status.ok()) return status;
  return display;
}

Display::~Display() {
  ::xcb_disconnect(connection_);
}

absl::Status Display::SetUp() {
  const xcb_setup_t* const setup = ::xcb_get_setup(connection_);
  root_ = ::xcb_setup_roots_iterator(setup).data->root;
  property_bytes_max_ =
      size_t{::xcb_get_maximum_request_length(connection_)} * 4 - kRequestHeadBytes;
  const auto* const fixes = ::xcb_get_extension_data(connection_, &xcb_xfixes_id);
  const auto* const res = ::xcb_get_extension_data(connection_, &xcb_res_id);
  if (fixes == nullptr || fixes->present == 0) {
    return absl::FailedPreconditionError("the X server has no XFixes");
  }
  if (res == nullptr || res->present == 0) {
    return absl::FailedPreconditionError("the X server has no X-Resource");
  }
  selection_event_ = static_cast<uint8_t>(fixes->first_event + XCB_XFIXES_SELECTION_NOTIFY);
  const auto fixes_cookie = ::xcb_xfixes_query_version(connection_, 5, 0);
  const auto res_cookie = ::xcb_res_query_version(connection_, 1, 2);
  const Reply<xcb_xfixes_query_version_reply_t> fixes_version(
      ::xcb_xfixes_query_version_reply(connection_, fixes_cookie, nullptr));
  const Reply<xcb_res_query_version_reply_t> res_version(
      ::xcb_res_query_version_reply(connection_, res_cookie, nullptr));
  if (!fixes_version || fixes_version->major_version < 1) {
    return absl::FailedPreconditionError("the X server's XFixes is too old");
  }
  if (!res_version || res_version->server_major < 1 ||
      (res_version->server_major == 1 && res_version->server_minor < 2)) {
    return absl::FailedPreconditionError("the X server's X-Resource is older than 1.2");
  }
  return absl::OkStatus();
}

xcb_atom_t Display::Atom(std::string_view name) {
  const auto known = atoms_.find(std::string(name));
  if (known != atoms_.end()) return known->second;
  const auto cookie =
      ::xcb_intern_atom(connection_, 0, static_cast<uint16_t>(name.size()), name.data());
  const Reply<xcb_intern_atom_reply_t> reply(::xcb_intern_atom_reply(connection_, cookie, nullptr));
  if (!reply) return XCB_ATOM_NONE;
  atoms_.emplace(name, reply->atom);
  return reply->atom;
}

std::vector<std::string> Display::AtomNames(std::span<const xcb_atom_t> atoms) {
  std::vector<std::string> names;
  names.reserve(atoms.size());
  while (!atoms.empty()) {
    const auto batch = atoms.first(std::min<size_t>(atoms.size(), kAtomsAtOnce));
    std::vector<xcb_get_atom_name_cookie_t> cookies;
    for (const xcb_atom_t atom : batch) {
      cookies.push_back(::xcb_get_atom_name(connection_, atom));
    }
    for (const auto cookie : cookies) {
      xcb_generic_error_t* error = nullptr;
      const Reply<xcb_get_atom_name_reply_t> reply(
          ::xcb_get_atom_name_reply(connection_, cookie, &error));
      std::free(error);
      names.emplace_back();
      if (!reply) continue;
      names.back().assign(::xcb_get_atom_name_name(reply.get()),
                          static_cast<size_t>(::xcb_get_atom_name_name_length(reply.get())));
    }
    atoms = atoms.subspan(batch.size());
  }
  return names;
}

xcb_window_t Display::MakeWindow() {
  const xcb_window_t window = ::xcb_generate_id(connection_);
  const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  ::xcb_create_window(connection_, XCB_COPY_FROM_PARENT, window, root_, -1, -1, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
                      &events);
  return window;
}

bool Display::IsOurs(xcb_window_t window) const {
  const xcb_setup_t* const setup = ::xcb_get_setup(connection_);
  return (window & ~setup->resource_id_mask) == setup->resource_id_base;
}

void Display::Retire(xcb_window_t window) {
  retired_.push_back(window);
  if (retired_.size() <= kRetiredMax) return;
  ::xcb_destroy_window(connection_, retired_.front());
  retired_.pop_front();
}

void Display::WatchSelection(xcb_window_t window, xcb_atom_t selection) {
  ::xcb_xfixes_select_selection_input(connection_, window, selection,
                                      XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
                                          XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
                                          XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
}

pid_t Display::PidOf(uint32_t resource) {
  const xcb_res_client_id_spec_t spec{resource, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
  const auto cookie = ::xcb_res_query_client_ids(connection_, 1, &spec);
  xcb_generic_error_t* error = nullptr;
  const Reply<xcb_res_query_client_ids_reply_t> reply(
      ::xcb_res_query_client_ids_reply(connection_, cookie, &error));
  std::free(error);
  if (!reply) return 0;
  auto it = ::xcb_res_query_client_ids_ids_iterator(reply.get());
  for (; it.rem > 0; ::xcb_res_client_id_value_next(&it)) {
    if ((it.data->spec.mask & XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID) == 0) continue;
    if (::xcb_res_client_id_value_value_length(it.data) < 1) continue;
    return static_cast<pid_t>(*::xcb_res_client_id_value_value(it.data));
  }
  return 0;
}

std::string Display::WindowClass(xcb_window_t window) {
  const auto cookie = ::xcb_get_property(connection_, 0, window, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING,
                                         0, kClassBytesMax / 4);
  xcb_generic_error_t* error = nullptr;
  const Reply<xcb_get_property_reply_t> reply(
      ::xcb_get_property_reply(connection_, cookie, &error));
  std::free(error);
  if (!reply || reply->format != 8) return {};
  // ICCCM 4.1.2.5: instance NUL class NUL.
  std::string text(static_cast<const char*>(::xcb_get_property_value(reply.get())),
                   static_cast<size_t>(::xcb_get_property_value_length(reply.get())));
  const size_t end = text.find('\0');
  if (end == std::string::npos) return {};
  text.erase(0, end + 1);
  return text.substr(0, text.find('\0'));
}

Property Display::TakeProperty(xcb_window_t window, xcb_atom_t property, uint64_t bytes_max) {
  Property result;
  uint32_t offset = 0;  // in units of four bytes
  for (bool first = true;; first = false) {
    // Deleted by the read that reaches its end.
    const auto length =
        static_cast<uint32_t>(std::min<uint64_t>(kReadBytes, bytes_max + 4 - offset * 4ULL) / 4);
    const auto cookie = ::xcb_get_property(connection_, 1, window, property,
                                           XCB_GET_PROPERTY_TYPE_ANY, offset, length);
    xcb_generic_error_t* error = nullptr;
    const Reply<xcb_get_property_reply_t> reply(
        ::xcb_get_property_reply(connection_, cookie, &error));
    std::free(error);
    if (!reply || reply->type == XCB_ATOM_NONE) return first ? Property{} : result;
    const auto n = static_cast<size_t>(::xcb_get_property_value_length(reply.get()));
    if (first) {
      result.type = reply->type;
      result.format = reply->format;
      result.total_bytes = uint64_t{n} + reply->bytes_after;
      if (result.total_bytes > bytes_max) return result;
      result.bytes.reserve(result.total_bytes);
    } else if (reply->type != result.type || result.bytes.size() + n > bytes_max) {
      // It was written anew between two reads.
      result.total_bytes = bytes_max + 1;
      result.bytes.clear();
      return result;
    }
    result.bytes.append(static_cast<const char*>(::xcb_get_property_value(reply.get())), n);
    if (reply->bytes_after == 0) return result;
    if (n == 0) return result;
    offset += static_cast<uint32_t>(n / 4);
  }
}

void Display::SetProperty(xcb_window_t window, xcb_atom_t property, xcb_atom_t type, uint8_t format,
                          std::string_view bytes) {
  ::xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, window, property, type, format,
                        static_cast<uint32_t>(bytes.size() / (format / 8)), bytes.data());
}

}  // namespace shoumi::session
