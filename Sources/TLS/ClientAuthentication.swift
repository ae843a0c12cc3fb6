import COpenSSL

/// Whose certificates clients prove themselves by (mutual TLS), and whether they have to.
package struct TLSClientAuthentication: Sendable {
    /// Each certificate in it is trusted, be it an authority's, an intermediate's or a client's own.
    package let authoritiesPEM: [UInt8]
    /// Without it a client may show none; one that is shown has to hold all the same.
    package let isRequired: Bool

    package init(authoritiesPEM: [UInt8], isRequired: Bool) {
        self.authoritiesPEM = authoritiesPEM
        self.isRequired = isRequired
    }

    /// The longest chain between a client's certificate and the authority, in certificates.
    private static let depth: Int32 = 8

    /// Clients are asked from now on. A session is resumed only by the same authorities and requirement, and only
    /// while the client's certificate is in its time: a ticket proves no more than the certificate did.
    func install(in context: SSLContext) throws(TLSError) {
        let (list, reason) = CertificateList.read(authoritiesPEM)
        guard let list, let store = X509_STORE_new() else {
            throw TLSError(
                .authoritiesUnreadable,
                "the clients' CA file cannot be read: \(reason); it must hold the authorities' certificates as PEM")
        }
        // A store of its own: from the context's, OpenSSL would complete the chain that the server shows.
        guard X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1,
            postern_SSL_CTX_set0_verify_cert_store(context.pointer, store) == 1
        else { throw TLSError(.setup, "OpenSSL takes no authorities (\(OpenSSLErrors.takeReason()))") }
        for certificate in list.certificates {
            guard X509_STORE_add_cert(store, certificate) == 1, SSL_CTX_add_client_CA(context.pointer, certificate) == 1
            else {
                throw TLSError(
                    .authoritiesUnreadable,
                    "OpenSSL refuses a certificate of the clients' CA file (\(OpenSSLErrors.takeReason()))")
            }
        }
        SSL_CTX_set_verify(
            context.pointer, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
        SSL_CTX_set_verify_depth(context.pointer, Self.depth)
        SSL_CTX_set_session_ticket_cb(
            context.pointer, { _, _ in 1 },
            { _, session, _, _, status, _ in
                switch status {
                case SSL_TICKET_SUCCESS, SSL_TICKET_SUCCESS_RENEW:
                    if let session, let certificate = SSL_SESSION_get0_peer(session),
                        postern_X509_is_in_time(certificate) != 1
                    {
                        return SSL_TICKET_RETURN_IGNORE_RENEW
                    }
                    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
                default: return SSL_TICKET_RETURN_IGNORE_RENEW
                }
            }, nil)
    }

    /// What sessions under these terms are known by: 32 bytes.
    var sessionContext: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let bytes = authoritiesPEM + [isRequired ? 1 : 0]
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            fatalError("OpenSSL has no SHA-256")
        }
        return digest
    }
}
