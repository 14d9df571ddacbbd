#pragma once

#include <string>

#include "shoumi/v1/session.pb.h"

namespace shoumi::session {

// What a desktop notification says. Plain text; names in it are of strangers.
struct NoticeText {
  std::string summary;
  std::string body;
  std::string action;  // label of the button that asks for release; empty: none
};

// What was stopped and by which rule, in Chinese or English. `can_act`: the desktop has buttons.
NoticeText TextOf(const v1::Notification& notification, bool chinese, bool can_act);
// What became of a request for release.
NoticeText TextOf(const v1::ReleaseOutcome& outcome, bool chinese);
// How to ask for release where no form can be shown.
NoticeText TextWithoutForm(const std::string& incident_id, bool chinese);

// For desktops that take markup (Desktop Notifications Specification 1.2, "Markup").
std::string Escaped(const std::string& text);

}  // namespace shoumi::session
