// OpenSSL 3, with functions in place of the macros that Swift cannot import.
#ifndef POSTERN_COPENSSL_H
#define POSTERN_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ocsp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// TLS

// The macros that are calls of SSL_CTX_ctrl and SSL_ctrl, as functions.
static inline int postern_SSL_CTX_add0_chain_cert(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(ctx, certificate);
}
static inline int postern_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int postern_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int postern_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *list) {
    return (int)SSL_CTX_set1_groups_list(ctx, list);
}
static inline void postern_SSL_CTX_set_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_mode(ctx, mode); }
static inline void postern_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode) {
    SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline void postern_SSL_CTX_set_servername_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(ctx, callback);
    SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}
static inline void postern_SSL_CTX_set_ticket_key_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, callback);
}
// Takes over the reference to `store`.
static inline int postern_SSL_CTX_set0_verify_cert_store(SSL_CTX *ctx, X509_STORE *store) {
    return (int)SSL_CTX_set0_verify_cert_store(ctx, store);
}
// The clock has passed neither end of the certificate's time.
static inline int postern_X509_is_in_time(const X509 *certificate) {
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0
        && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}
static inline int postern_EVP_MAC_set_hmac_sha256(EVP_MAC_CTX *mac, unsigned char *key, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}
static inline int postern_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline int postern_ERR_get_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int postern_ERR_get_lib(unsigned long code) { return ERR_GET_LIB(code); }

// Options whose macros shift a 64-bit literal, which Swift does not import.
static const uint64_t postern_SSL_OP_NO_TICKET = SSL_OP_NO_TICKET;
static const uint64_t postern_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t postern_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t postern_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t postern_SSL_OP_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;

// The names in a certificate's subjectAltName: how many there are, and the one at `index` where it is a
// dNSName (NULL otherwise; the bytes belong to `names`, and are not terminated).
static inline GENERAL_NAMES *postern_X509_get_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int postern_alternative_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline const unsigned char *postern_alternative_dns_name(const GENERAL_NAMES *names, int index, int *length) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_DNS) return NULL;
    *length = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
static inline int postern_X509_not_after(const X509 *certificate, struct tm *time) {
    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), time);
}
static inline int postern_X509_not_before(const X509 *certificate, struct tm *time) {
    return ASN1_TIME_to_tm(X509_get0_notBefore(certificate), time);
}

// OCSP

// The first responder that a certificate names (RFC 5280 section 4.2.2.1), as OPENSSL_free has to free it; or NULL.
static inline char *postern_X509_ocsp_responder(X509 *certificate) {
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    char *first = urls && sk_OPENSSL_STRING_num(urls) > 0 ? OPENSSL_strdup(sk_OPENSSL_STRING_value(urls, 0)) : NULL;
    X509_email_free(urls);
    return first;
}
static inline void postern_OPENSSL_free(void *memory) { OPENSSL_free(memory); }
// RFC 7633: the certificate is to be shown with an OCSP response or not at all.
static inline int postern_X509_must_staple(X509 *certificate) {
    TLS_FEATURE *features = (TLS_FEATURE *)X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    int found = 0;
    for (int index = 0; index < sk_ASN1_INTEGER_num(features); index++)
        found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, index)) == TLSEXT_TYPE_status_request;
    TLS_FEATURE_free(features);
    return found;
}
// Whether `issuer`, or a responder that it has authorized (RFC 6960 section 4.2.2.2), has signed the response.
static inline int postern_OCSP_verify(OCSP_BASICRESP *response, X509 *issuer) {
    int result = 0;
    STACK_OF(X509) *known = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    if (known && store && sk_X509_push(known, issuer) > 0 && X509_STORE_add_cert(store, issuer) == 1
        && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1)
        result = OCSP_basic_verify(response, known, store, OCSP_NOEXPLICIT) == 1;
    X509_STORE_free(store);
    sk_X509_free(known);
    return result;
}
static inline void postern_SSL_CTX_set_status_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(ctx, callback);
    SSL_CTX_set_tlsext_status_arg(ctx, argument);
}
// Copies the response into the handshake.
static inline int postern_SSL_staple(SSL *ssl, const unsigned char *response, size_t count) {
    unsigned char *copy = (unsigned char *)OPENSSL_memdup(response, count);
    if (!copy) return 0;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)count);
    return 1;
}

// ---- Cryptography ------------------------------------------------------------------------------
#include <sys/random.h>  // getrandom, which Swift's Glibc module lacks

/// The parameters keep pointers to the names, which a Swift string would not outlive.
static inline int postern_push_rsa_public_key(OSSL_PARAM_BLD *builder, const BIGNUM *n, const BIGNUM *e) {
    return OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1;
}

static inline int postern_public_key_from_parameters(EVP_PKEY_CTX *maker, EVP_PKEY **key, OSSL_PARAM *parameters) {
    return EVP_PKEY_fromdata(maker, key, EVP_PKEY_PUBLIC_KEY, parameters);
}

/// Restricts signing or verifying to PKCS #1 v1.5 with `digest`; the paddings' names are macros.
static inline int postern_use_pkcs1(EVP_PKEY_CTX *context, const EVP_MD *digest) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        && EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
}

/// Restricts signing or verifying to PSS with `digest`, in MGF1 too, and a salt of its length.
static inline int postern_use_pss(EVP_PKEY_CTX *context, const EVP_MD *digest) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
        && EVP_PKEY_CTX_set_signature_md(context, digest) == 1
        && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/// The key of an uncompressed point, or NULL where it is none of the curve's.
static inline EVP_PKEY *postern_ec_public_key(char *curve, unsigned char *point, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, count),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (maker && EVP_PKEY_fromdata_init(maker) == 1) EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(maker);
    return key;
}

/// Writes r and s of a DER signature into `size` bytes each.
static inline int postern_ecdsa_halves(const unsigned char *der, size_t count, unsigned char *out, int size) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)count);
    if (!signature) return 0;
    int done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, size) == size
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + size, size) == size;
    ECDSA_SIG_free(signature);
    return done;
}

static inline int postern_gcm_set_tag(EVP_CIPHER_CTX *context, const unsigned char *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, (void *)tag);
}

static inline int postern_gcm_get_tag(EVP_CIPHER_CTX *context, unsigned char *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
}

// ---- end of Cryptography -----------------------------------------------------------------------
#endif
