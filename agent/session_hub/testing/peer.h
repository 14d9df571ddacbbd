#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "agent/inspect/wire/frame.h"
#include "common/fd.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::agent::testing {

inline UniqueFd Memory(const std::string& text, bool sealed = true) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_TRUE(WriteAll(fd.get(), text).ok());
  if (sealed) {
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), 0);
  }
  return fd;
}

// A session program, as it should be or not.
class Peer {
 public:
  explicit Peer(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void Send(const v1::FromSession& message, int fd = -1) {
    std::vector<int> fds;
    if (fd >= 0) fds.push_back(fd);
    EXPECT_TRUE(inspect::SendFrame(socket_.get(), message, fds).ok());
  }
  void Hello(uid_t uid = ::getuid(), uint32_t protocol = 1) {
    v1::FromSession message;
    message.mutable_hello()->set_protocol(protocol);
    message.mutable_hello()->set_uid(uid);
    message.mutable_hello()->set_display(":0");
    message.mutable_hello()->set_kind(v1::DISPLAY_KIND_X11);
    Send(message);
  }
  void Guarding(bool guarding) {
    v1::FromSession message;
    message.mutable_state()->set_guarding(guarding);
    message.mutable_state()->set_why(guarding ? "" : "the X server has gone");
    Send(message);
  }
  v1::PasteQuestion Question() {
    v1::PasteQuestion question;
    question.set_id(++id_);
    question.set_selection("CLIPBOARD");
    question.set_source_pid(::getppid());
    question.set_requestor_pid(::getpid());
    question.set_window_class("Editor");
    question.set_target("UTF8_STRING");
    return question;
  }
  v1::PasteAnswer Ask(const v1::PasteQuestion& question, int fd) {
    v1::FromSession message;
    *message.mutable_question() = question;
    Send(message, fd);
    const v1::ToSession got = Receive();
    EXPECT_TRUE(got.has_answer()) << got.ShortDebugString();
    EXPECT_EQ(got.answer().id(), question.id());
    return got.answer();
  }
  v1::PasteAnswer Paste(const std::string& text) { return Ask(Question(), Memory(text).get()); }
  v1::PasteAnswer Unread(v1::UnscannedReason reason, pid_t requestor = ::getpid()) {
    auto question = Question();
    question.set_reason(reason);
    question.set_requestor_pid(requestor);
    return Ask(question, -1);
  }
  void Result(const v1::NotificationResult& result) {
    v1::FromSession message;
    *message.mutable_notification() = result;
    Send(message);
  }
  // Empty at the end of the connection.
  v1::ToSession Receive() {
    v1::ToSession message;
    const auto status =
        inspect::ReceiveFrame(socket_.get(), 1 << 16, message, nullptr,
                              std::chrono::steady_clock::now() + std::chrono::seconds(20));
    if (!status.ok()) message.Clear();
    return message;
  }
  [[nodiscard]] int socket() const { return socket_.get(); }

 private:
  UniqueFd socket_;
  uint64_t id_ = 0;
};

}  // namespace shoumi::agent::testing
