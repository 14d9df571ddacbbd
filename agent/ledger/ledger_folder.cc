#include "agent/ledger/ledger_folder.h"

#include <string_view>
#include <system_error>

#include "common/crypto/crypto.h"
#include "common/fd.h"

namespace shoumi::agent {
namespace {

constexpr std::string_view kAssociated = "shoumi-ledger-v1";
constexpr size_t kKeyBytes = 32;
constexpr char kKeyName[] = "key";
constexpr char kValuesName[] = "values";

}  // namespace

absl::Status LedgerFolder::Load() {
  const auto sealed = ReadFile(folder_ / kValuesName, kFileBytesMax);
  if (absl::IsNotFound(sealed.status())) return absl::OkStatus();
  if (!sealed.ok()) return sealed.status();
  auto key = ReadFile(folder_ / kKeyName, kKeyBytes);
  if (!key.ok()) return key.status();
  if (key->size() != kKeyBytes) return absl::DataLossError("its key is none");
  auto plain = crypto::Open(*key, *sealed, kAssociated);
  crypto::Wipe(*key);
  if (!plain.ok()) return absl::DataLossError("it does not open with its key");
  v1::PassedValues values;
  const bool parsed = values.ParseFromString(*plain);
  crypto::Wipe(*plain);
  if (!parsed) return absl::DataLossError("it holds something else");
  return ledger_.Restore(values);
}

absl::StatusOr<std::string> LedgerFolder::Key() {
  auto key = ReadFile(folder_ / kKeyName, kKeyBytes);
  if (key.ok() && key->size() == kKeyBytes) return key;
  if (auto status = MakeFolders(folder_, 0700); !status.ok()) return status;
  key = crypto::RandomBytes(kKeyBytes);
  if (auto status = ReplaceFile(folder_ / kKeyName, *key, 0600); !status.ok()) return status;
  return key;
}

absl::Status LedgerFolder::Save() {
  ledger_.Prune();
  const auto kept = ledger_.Changed();
  if (!kept) return absl::OkStatus();
  if (kept->values.value_key().empty()) {
    if (auto status = Remove(); !status.ok()) return status;
  } else {
    auto key = Key();
    if (!key.ok()) return key.status();
    const std::string sealed = crypto::Seal(*key, kept->values.SerializeAsString(), kAssociated);
    crypto::Wipe(*key);
    if (auto status = ReplaceFile(folder_ / kValuesName, sealed, 0600); !status.ok()) return status;
  }
  ledger_.Saved(kept->version);
  return absl::OkStatus();
}

absl::Status LedgerFolder::Remove() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
  if (error) return ErrnoStatus(error.value(), folder_.string());
  return absl::OkStatus();
}

}  // namespace shoumi::agent
