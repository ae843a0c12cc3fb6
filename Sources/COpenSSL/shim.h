// OpenSSL 3, with functions in place of the macros that Swift cannot import.
#ifndef POSTERN_COPENSSL_H
#define POSTERN_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// ---- Cryptography ------------------------------------------------------------------------------
#include <sys/random.h>  // getrandom, which Swift's Glibc module lacks

static inline int postern_public_key_from_parameters(EVP_PKEY_CTX *maker, EVP_PKEY **key, OSSL_PARAM *parameters) {
    return EVP_PKEY_fromdata(maker, key, EVP_PKEY_PUBLIC_KEY, parameters);
}

/// Restricts a verification to PKCS #1 v1.5 with `digest`; EVP_PKEY_CTX_set_rsa_padding's constants are macros.
static inline int postern_set_pkcs1_verification(EVP_PKEY_CTX *context, const EVP_MD *digest) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        && EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
}

static inline int postern_gcm_set_tag(EVP_CIPHER_CTX *context, const unsigned char *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, (void *)tag);
}

static inline int postern_gcm_get_tag(EVP_CIPHER_CTX *context, unsigned char *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
}

// ---- end of Cryptography -----------------------------------------------------------------------
#endif
