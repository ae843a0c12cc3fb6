import COpenSSL

/// What all outbound TLS connections of one kind share: whom to trust, and sessions to resume.
///
/// Immutable but for the sessions, which a lock guards; every worker may use the same one.
package final class TLSClientContext: Sendable {
    let context: SSLContext
    let sessions: SessionCache

    /// Trusts the system's authorities (unless `systemRoots` is false) and, besides, every certificate in `caPEM`,
    /// be it an authority's, an intermediate's or a server's own. There is no way not to verify.
    package init(
        caPEM: [UInt8]? = nil, minimum: TLSVersion = .tls12, maximum: TLSVersion = .tls13, systemRoots: Bool = true
    ) throws(TLSError) {
        context = try SSLContext(server: false, versions: minimum, maximum)
        sessions = SessionCache()
        if systemRoots, SSL_CTX_set_default_verify_paths(context.pointer) != 1 {
            throw TLSError(.setup, "OpenSSL cannot read the system's authorities (\(OpenSSLErrors.takeReason()))")
        }
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        guard let parameters = SSL_CTX_get0_param(context.pointer) else {
            throw TLSError(.setup, "OpenSSL has no verification parameters")
        }
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        if let caPEM { try trust(caPEM) }
        sessions.install(in: context)
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        let (list, reason) = CertificateList.read(pem)
        guard let list, let store = SSL_CTX_get_cert_store(context.pointer) else {
            throw TLSError(
                .authoritiesUnreadable,
                "the CA file cannot be read: \(reason); it must hold the authorities' certificates as PEM")
        }
        for certificate in list.certificates where X509_STORE_add_cert(store, certificate) != 1 {
            throw TLSError(
                .authoritiesUnreadable,
                "OpenSSL refuses a certificate of the CA file (\(OpenSSLErrors.takeReason()))")
        }
    }
}
