#include "server/rpc/testing/forge.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <memory>

namespace shoumi::server {
namespace {

struct Deleter {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(STACK_OF(X509_EXTENSION) * p) const {
    sk_X509_EXTENSION_pop_free(p, X509_EXTENSION_free);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

std::string SignToPem(X509_REQ* request, EVP_PKEY* key) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  X509_REQ_set_version(request, X509_REQ_VERSION_1);
  X509_REQ_set_pubkey(request, key);
  X509_REQ_sign(request, key, EVP_sha256());
  PEM_write_bio_X509_REQ(out.get(), request);
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(out.get(), &data));
  return {data, size};
}

std::string LastReason() {
  std::string reason;
  while (const unsigned long error = ERR_get_error()) {
    if (const char* text = ERR_reason_error_string(error)) reason = text;
  }
  return reason.empty() ? "the connection broke" : reason;
}

}  // namespace

std::string RsaRequest(int bits) {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  const Owned<X509_REQ> request(X509_REQ_new());
  return SignToPem(request.get(), key.get());
}

std::string RequestToBeAnAuthority(std::string_view subject) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509_REQ> request(X509_REQ_new());
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.data()),
                             static_cast<int>(subject.size()), -1, 0);
  const Owned<STACK_OF(X509_EXTENSION)> extensions(sk_X509_EXTENSION_new_null());
  for (const auto& [nid, value] : {std::pair{NID_basic_constraints, "critical,CA:TRUE"},
                                   std::pair{NID_key_usage, "critical,keyCertSign,cRLSign"},
                                   std::pair{NID_ext_key_usage, "serverAuth,clientAuth"}}) {
    sk_X509_EXTENSION_push(extensions.get(), X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  }
  X509_REQ_add_extensions(request.get(), extensions.get());
  return SignToPem(request.get(), key.get());
}

std::string HandshakeProblem(const std::string& address, int version_max) {
  ERR_clear_error();
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), version_max);
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  const Owned<BIO> connection(BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(connection.get(), address.c_str());
  return BIO_do_handshake(connection.get()) == 1 ? "" : LastReason();
}

bool ClosesASilentConnection(const std::string& address, std::chrono::milliseconds within) {
  const Owned<BIO> connection(BIO_new_connect(address.c_str()));
  if (BIO_do_connect(connection.get()) != 1) return false;
  int fd = -1;
  BIO_get_fd(connection.get(), &fd);
  pollfd readable{fd, POLLIN, 0};
  const auto end = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < end) {
    if (poll(&readable, 1, 50) == 0) continue;
    char byte = 0;
    // Before it closes, the server may say why.
    if (BIO_read(connection.get(), &byte, 1) <= 0) return true;
  }
  return false;
}

}  // namespace shoumi::server
