#include "agent/channels/usb/arrivals.h"

#include <fmt/format.h>
#include <libudev.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "agent/channels/usb/super_block.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

namespace fs = std::filesystem;

constexpr int kSettlePauseMs = 200;

// All block devices of the machine.
std::vector<dev_t> ReadBlockDevices() {
  std::vector<dev_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/dev/block", error)) {
    unsigned major_number = 0;
    unsigned minor_number = 0;
    const std::string name = entry.path().filename();
    if (std::sscanf(name.c_str(), "%u:%u", &major_number, &minor_number) == 2) {
      numbers.push_back(makedev(major_number, minor_number));
    }
  }
  return numbers;
}

bool HasMedium(dev_t number) {
  const auto sectors =
      ReadFile(fmt::format("/sys/dev/block/{}:{}/size", major(number), minor(number)), 32);
  return sectors.ok() && !sectors->empty() && sectors->front() != '0';
}

void Signal(int fd) {
  const uint64_t one = 1;
  if (::write(fd, &one, sizeof(one)) < 0) return;  // full: it is awake
}

}  // namespace

void Arrivals::MonitorRelease::operator()(udev* u) const {
  udev_unref(u);
}

void Arrivals::MonitorRelease::operator()(udev_monitor* m) const {
  udev_monitor_unref(m);
}

Arrivals::Arrivals(const UsbOptions& options, Changed changed)
    : options_(options), changed_(std::move(changed)) {}

absl::Status Arrivals::Listen() {
  wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return ErrnoStatus(errno, "eventfd");
  udev_.reset(udev_new());
  if (!udev_) return absl::ResourceExhaustedError("udev context");
  monitor_.reset(udev_monitor_new_from_netlink(udev_.get(), "kernel"));
  if (!monitor_ ||
      udev_monitor_filter_add_match_subsystem_devtype(monitor_.get(), "block", nullptr) < 0 ||
      udev_monitor_enable_receiving(monitor_.get()) < 0) {
    return absl::UnavailableError("the kernel's device events cannot be received");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Arrivals>> Arrivals::Watch(const UsbOptions& options,
                                                          std::chrono::milliseconds first_ms_max,
                                                          Changed changed) {
  std::unique_ptr<Arrivals> arrivals(new Arrivals(options, std::move(changed)));
  if (absl::Status listening = arrivals->Listen(); !listening.ok()) return listening;
  arrivals->thread_ = std::thread([a = arrivals.get()] { a->Run(); });
  std::unique_lock lock(arrivals->mutex_);
  arrivals->looked_.wait_for(lock, first_ms_max, [&] { return arrivals->looked_once_; });
  lock.unlock();
  return arrivals;
}

Arrivals::~Arrivals() {
  stopping_ = true;
  if (wake_) Signal(wake_.get());
  if (thread_.joinable()) thread_.join();
}

void Arrivals::LookAgain(std::chrono::milliseconds settle_ms) {
  {
    const std::lock_guard lock(mutex_);
    settle_until_ = std::max(settle_until_, std::chrono::steady_clock::now() + settle_ms);
  }
  Signal(wake_.get());
}

int Arrivals::WaitMs() {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() < settle_until_ ? kSettlePauseMs : -1;
}

void Arrivals::Run() {
  while (!stopping_) {
    Look();
    {
      const std::lock_guard lock(mutex_);
      looked_once_ = true;
    }
    looked_.notify_all();
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {udev_monitor_get_fd(monitor_.get()), POLLIN, 0}};
    if (::poll(fds, 2, WaitMs()) < 0) {
      if (errno == EINTR) continue;
      spdlog::error("usb guard: devices are no longer sealed when they arrive: {}",
                    std::strerror(errno));
      return;
    }
    uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0 && ::read(wake_.get(), &count, sizeof(count)) < 0) continue;
    // What they say, and whether one was lost, does not matter: all devices are looked at.
    while (udev_device* const device = udev_monitor_receive_device(monitor_.get())) {
      udev_device_unref(device);
    }
  }
}

void Arrivals::Look() {
  std::vector<Arrival> found;
  for (const dev_t number : ReadBlockDevices()) {
    if (stopping_) return;
    auto identity = IdentifyRemovable(number, options_);
    // A card reader without a card, a loop device without an image.
    if (!identity || identity->has_partitions || !HasMedium(number)) continue;
    const SuperBlock block = ReadSuperBlock(identity->nodes.front());
    identity->device.set_node(identity->nodes.front());
    identity->device.set_file_system(block.file_system);
    found.push_back({number, std::move(*identity), block.mounts_sealed});
  }
  changed_(std::move(found));
}

}  // namespace shoumi::agent::usb
