#pragma once

#include <unistd.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/channels/channel.h"

namespace shoumi::agent::clipboard::testing {

// Decides by words of the content; keeps what it was given.
class WordSink final : public EventSink {
 public:
  void Submit(Event event) override {
    const std::string text = ReadAll(event.content.get(), 1 << 20).value();
    v1::Verdict verdict;
    verdict.set_action(v1::ACTION_ALLOW);
    if (text.find("report") != std::string::npos) verdict.set_action(v1::ACTION_REPORT);
    if (text.find("warn") != std::string::npos) verdict.set_action(v1::ACTION_WARN);
    if (text.find("secret") != std::string::npos) verdict.set_action(v1::ACTION_BLOCK);
    verdict.set_title_en("title");
    auto answer = event.answer;
    {
      const std::lock_guard lock(mutex);
      events.push_back(std::move(event));
      if (text.find("later") != std::string::npos) return;
    }
    answer(verdict);
  }
  void Report(v1::AgentEvent::Kind kind, std::string detail) override {
    const std::lock_guard lock(mutex);
    reports.emplace_back(kind, std::move(detail));
  }
  void RecordRefusal(v1::EventContext context, v1::Verdict verdict) override {
    const std::lock_guard lock(mutex);
    refusals.emplace_back(std::move(context), std::move(verdict));
  }
  bool WaitForReport(v1::AgentEvent::Kind kind, const std::string& words) {
    for (int i = 0; i < 5000; ++i) {
      {
        const std::lock_guard lock(mutex);
        for (const auto& [is, detail] : reports) {
          if (is == kind && detail.find(words) != std::string::npos) return true;
        }
      }
      ::usleep(1000);
    }
    return false;
  }
  std::mutex mutex;
  std::vector<Event> events;
  std::vector<std::pair<v1::AgentEvent::Kind, std::string>> reports;
  std::vector<std::pair<v1::EventContext, v1::Verdict>> refusals;
};

}  // namespace shoumi::agent::clipboard::testing
