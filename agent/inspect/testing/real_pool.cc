#include "agent/inspect/testing/real_pool.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "rules/engine/database.h"

namespace shoumi::inspect {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<pid_t> ProcessesBelow(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    const size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    char state = 0;
    pid_t of = 0;
    std::istringstream(text.substr(name_end + 2)) >> state >> of;
    if (of == parent && state != 'Z') children.push_back(std::stoi(text));
  }
  return children;
}

uint64_t HighWaterKib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6));
  }
  return 0;
}

}  // namespace

RealPoolTest::RealPoolTest()
    : guard_(boost::asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}

RealPoolTest::~RealPoolTest() {
  pool_.reset();
  guard_.reset();
  thread_.join();
}

void RealPoolTest::Start(PoolOptions options, const std::string& value_key) {
  const auto packs = rules::ReadPacks(std::string(SHOUMI_SOURCE_DIR) + "/rules/packs");
  ASSERT_TRUE(packs.ok()) << packs.status();
  options.program = std::string(SHOUMI_BIN_DIR) + "/shoumi-inspect";
  auto pool = InspectorPool::Start(io_, options, {.packs = *packs, .value_key = value_key});
  ASSERT_TRUE(pool.ok()) << pool.status();
  pool_ = *std::move(pool);
}

v1::InspectReport RealPoolTest::Inspect(Inspection inspection, milliseconds time) {
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  inspection.deadline = steady_clock::now() + time;
  inspection.today = "2027-01-01";
  pool_->Inspect(std::move(inspection),
                 [promise](v1::InspectReport report) { promise->set_value(std::move(report)); });
  return promise->get_future().get();
}

v1::InspectReport RealPoolTest::InspectText(const std::string& name, const std::string& text) {
  Inspection inspection;
  inspection.name = name;
  inspection.text = text;
  return Inspect(std::move(inspection));
}

bool RealPoolTest::Found(const v1::InspectReport& report, const std::string& rule) {
  return std::any_of(report.findings().begin(), report.findings().end(),
                     [&](const v1::Finding& finding) { return finding.rule() == rule; });
}

std::vector<pid_t> RealPoolTest::ChildrenOf(pid_t parent) {
  return ProcessesBelow(parent);
}

pid_t RealPoolTest::OnlyWorker() {
  const std::vector<pid_t> inspectors = ChildrenOf(::getpid());
  EXPECT_EQ(inspectors.size(), 1U);
  const std::vector<pid_t> workers = ChildrenOf(inspectors.at(0));
  EXPECT_EQ(workers.size(), 1U);
  return workers.at(0);
}

PeakMemory::PeakMemory(pid_t inspector) : inspector_(inspector), thread_([this] { Watch(); }) {}

PeakMemory::~PeakMemory() {
  done_ = true;
  thread_.join();
}

void PeakMemory::Watch() {
  while (!done_) {
    const std::vector<pid_t> workers = ProcessesBelow(inspector_);
    // Listing processes takes longer than reading about them.
    for (int i = 0; i < 20 && !done_; ++i) {
      Read(workers);
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
}

void PeakMemory::Read(const std::vector<pid_t>& workers) {
  for (const pid_t worker : workers) {
    const uint64_t now = HighWaterKib(worker);
    uint64_t before = kib_;
    while (before < now && !kib_.compare_exchange_weak(before, now)) {
    }
  }
}

uint64_t PeakMemory::Kib() {
  Read(ProcessesBelow(inspector_));
  return kib_;
}

std::string ShortName(v1::UnscannedReason reason) {
  return v1::UnscannedReason_Name(reason).substr(sizeof("UNSCANNED_REASON_") - 1);
}

}  // namespace shoumi::inspect
