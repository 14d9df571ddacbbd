#include "common/crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "common/fd.h"

namespace shoumi::crypto {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

struct Deleter {
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter>;
using Key = std::unique_ptr<EVP_PKEY, Deleter>;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "shoumi: OpenSSL failed: %s\n", what);
  std::abort();
}

const unsigned char* Bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* Bytes(std::string& s, size_t offset = 0) {
  return reinterpret_cast<unsigned char*>(s.data()) + offset;
}

}  // namespace

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  Require(RAND_bytes(Bytes(bytes), static_cast<int>(count)) == 1, "RAND_bytes");
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString({bytes.data(), bytes.size()});
}

absl::StatusOr<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return absl::InvalidArgumentError("hex text of odd length");
  for (const char c : hex) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError("not a hex digit");
    }
  }
  return absl::HexStringToBytes({hex.data(), hex.size()});
}

std::string ToBase64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape({bytes.data(), bytes.size()});
}

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  Require(
      EVP_Digest(bytes.data(), bytes.size(), Bytes(digest), nullptr, EVP_sha256(), nullptr) == 1,
      "SHA-256");
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  return ToHex(Sha256(bytes));
}

absl::StatusOr<std::string> Sha256HexOfFile(int file, std::chrono::steady_clock::time_point until) {
  constexpr size_t kPieceBytes = 1U << 20;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
  Require(hash != nullptr && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1, "SHA-256");
  std::string piece(kPieceBytes, '\0');
  for (off_t at = 0;;) {
    if (std::chrono::steady_clock::now() >= until) {
      return absl::DeadlineExceededError("no time to read it to its end");
    }
    const ssize_t got = ::pread(file, piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) break;
    Require(EVP_DigestUpdate(hash.get(), piece.data(), static_cast<size_t>(got)) == 1, "SHA-256");
    at += got;
  }
  std::string digest(32, '\0');
  Require(EVP_DigestFinal_ex(hash.get(), Bytes(digest), nullptr) == 1, "SHA-256");
  return ToHex(digest);
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void Wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

std::string Seal(std::string_view key, std::string_view plain, std::string_view associated) {
  Require(key.size() == kKeyBytes, "AES-256-GCM key length");
  std::string out = RandomBytes(kNonceBytes);
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  Require(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key),
                                        Bytes(out)) == 1,
          "AES-256-GCM init");
  Require(EVP_EncryptUpdate(context.get(), nullptr, &length, Bytes(associated),
                            static_cast<int>(associated.size())) == 1,
          "AES-256-GCM associated data");
  Require(EVP_EncryptUpdate(context.get(), Bytes(out, kNonceBytes), &length, Bytes(plain),
                            static_cast<int>(plain.size())) == 1,
          "AES-256-GCM encrypt");
  Require(EVP_EncryptFinal_ex(context.get(), Bytes(out, kNonceBytes + plain.size()), &length) == 1,
          "AES-256-GCM final");
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                              Bytes(out, kNonceBytes + plain.size())) == 1,
          "AES-256-GCM tag");
  return out;
}

absl::StatusOr<std::string> Open(std::string_view key, std::string_view sealed,
                                 std::string_view associated) {
  if (key.size() != kKeyBytes) return absl::InvalidArgumentError("key is not 32 bytes");
  if (sealed.size() < kNonceBytes + kTagBytes) return absl::DataLossError("sealed data truncated");
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  Require(context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key),
                                        Bytes(sealed)) == 1,
          "AES-256-GCM init");
  Require(EVP_DecryptUpdate(context.get(), nullptr, &length, Bytes(associated),
                            static_cast<int>(associated.size())) == 1,
          "AES-256-GCM associated data");
  Require(EVP_DecryptUpdate(context.get(), Bytes(plain), &length, Bytes(body),
                            static_cast<int>(body.size())) == 1,
          "AES-256-GCM decrypt");
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(tag)) == 1,
          "AES-256-GCM tag");
  unsigned char rest[kTagBytes];
  if (EVP_DecryptFinal_ex(context.get(), rest, &length) != 1) {
    return absl::DataLossError("sealed data does not verify");
  }
  return plain;
}

SigningKey NewSigningKey() {
  return SigningKeyFromSeed(RandomBytes(kKeyBytes)).value();
}

absl::StatusOr<SigningKey> SigningKeyFromSeed(std::string_view seed) {
  if (seed.size() != kKeyBytes) return absl::InvalidArgumentError("Ed25519 seed is not 32 bytes");
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), seed.size()));
  SigningKey result{std::string(seed), std::string(kKeyBytes, '\0')};
  size_t length = kKeyBytes;
  Require(key && EVP_PKEY_get_raw_public_key(key.get(), Bytes(result.public_key), &length) == 1,
          "Ed25519 public key");
  return result;
}

std::string Sign(const SigningKey& signing_key, std::string_view message) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(signing_key.seed),
                                             signing_key.seed.size()));
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  size_t length = kSignatureBytes;
  Require(key && context &&
              EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), Bytes(signature), &length, Bytes(message),
                             message.size()) == 1,
          "Ed25519 sign");
  return signature;
}

bool Verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != kKeyBytes || signature.size() != kSignatureBytes) return false;
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

}  // namespace shoumi::crypto
