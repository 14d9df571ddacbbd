#include "rules/registry/hashing.h"

#include <sodium/crypto_shorthash.h>

#include <algorithm>
#include <cstring>

namespace shoumi::registry {

uint64_t SipHash(std::string_view bytes, const SipKey& key) {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), key.data());
  return hash;
}

Hasher::Hasher(const Key& key) {
  std::memcpy(&first_, key.bytes.data(), 8);
  std::memcpy(&second_, key.bytes.data() + 8, 8);
  std::copy(key.bytes.begin() + 16, key.bytes.end(), check_key_.begin());
}

uint64_t Hasher::Word(const char* word, size_t size) const {
  constexpr uint64_t kLower = 0x2020202020202020;  // digits have these bits
  uint64_t hash = first_ ^ size;
  while (size > 0) {
    uint64_t piece = 0;
    const size_t bytes = std::min<size_t>(size, 8);
    std::memcpy(&piece, word, bytes);
    hash = Mix(hash ^ (piece | kLower)) ^ second_;
    word += bytes;
    size -= bytes;
  }
  return Mix(hash);
}

uint64_t Hasher::Row(uint64_t so_far, uint8_t column, std::u32string_view symbols) const {
  uint64_t hash = Mix(so_far ^ first_) ^ (uint64_t{column} << 32 | symbols.size());
  for (const char32_t c : symbols) hash = Mix(hash ^ c ^ second_);
  return Mix(hash);
}

uint64_t Hasher::Short(uint32_t row, std::u32string_view symbols) const {
  uint64_t hash = Mix(second_ ^ row) ^ symbols.size();
  for (const char32_t c : symbols) hash = Mix(hash ^ c ^ first_);
  return Mix(hash);
}

uint32_t Hasher::Check(std::u32string_view symbols) const {
  return static_cast<uint32_t>(
      SipHash({reinterpret_cast<const char*>(symbols.data()), symbols.size() * sizeof(char32_t)},
              check_key_));
}

uint64_t Hasher::KeyCheck() const {
  return SipHash("shoumi registry", check_key_) ^ Mix(first_ ^ Mix(second_));
}

}  // namespace shoumi::registry
