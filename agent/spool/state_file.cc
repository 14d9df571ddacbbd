#include "agent/spool/state_file.h"

#include <cstring>
#include <utility>

#include "common/crypto/crypto.h"

namespace shoumi::agent {
namespace {

constexpr char kName[] = "state";
constexpr std::string_view kAssociated = "shoumi-spool-state-v1";

bool DecodeSlot(std::string_view key, std::string_view room, v1::SpoolState& state) {
  uint32_t length = 0;
  std::memcpy(&length, room.data(), sizeof length);
  if (length > room.size() - sizeof length) return false;
  const auto plain = crypto::Open(key, room.substr(sizeof length, length), kAssociated);
  return plain.ok() && state.ParseFromString(*plain);
}

std::string EncodeSlot(std::string_view key, const v1::SpoolState& state) {
  const std::string sealed = crypto::Seal(key, state.SerializeAsString(), kAssociated);
  const auto length = static_cast<uint32_t>(sealed.size());
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + sealed;
}

}  // namespace

absl::Status StateFile::Create() {
  generation_ = 0;
  std::string bytes = EncodeSlot(key_, v1::SpoolState());
  bytes.resize(2 * kSlotBytes);
  return files_.Create(kName, bytes);
}

absl::StatusOr<v1::SpoolState> StateFile::Load() {
  const auto bytes = files_.ReadAt(kName, 0, 2 * kSlotBytes);
  if (!bytes.ok()) return bytes.status();
  v1::SpoolState best;
  bool found = false;
  for (size_t slot = 0; slot < 2; ++slot) {
    if (bytes->size() < (slot + 1) * kSlotBytes) break;
    const std::string_view room = std::string_view(*bytes).substr(slot * kSlotBytes, kSlotBytes);
    v1::SpoolState state;
    if (!DecodeSlot(key_, room, state)) continue;
    if (!found || state.generation() > best.generation()) best = std::move(state);
    found = true;
  }
  if (!found) return absl::DataLossError("spool state cannot be read");
  generation_ = best.generation();
  return best;
}

absl::Status StateFile::Store(v1::SpoolState& state) {
  state.set_generation(generation_ + 1);
  const std::string bytes = EncodeSlot(key_, state);
  if (bytes.size() > kSlotBytes) {
    return absl::InternalError("spool state is larger than its room");
  }
  const uint64_t offset = (state.generation() % 2) * kSlotBytes;
  if (auto status = files_.WriteAt(kName, offset, bytes); !status.ok()) return status;
  if (auto status = files_.Sync(kName); !status.ok()) return status;
  generation_ = state.generation();
  return absl::OkStatus();
}

}  // namespace shoumi::agent
