import COpenSSL

/// The oldest version of TLS that is spoken.
package enum TLSVersion: Sendable {
    case tls12
    case tls13

    var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
}

/// What all TLS connections of a listener share: certificates, protocols, and the keys of session tickets.
///
/// Immutable once made; every worker uses the same one, so a ticket from one is good at another.
package final class TLSServerContext: Sendable {
    /// One for each certificate given, in that order.
    package let certificates: [TLSCertificateSummary]
    /// What handshakes with each of them carry; nil where it names no OCSP responder, or its chain lacks its issuer.
    package let staples: [OCSPStaple?]
    package let isStapling: Bool

    let choice: CertificateChoice
    let ticketKeys: TicketKeys

    /// The first certificate answers whoever names no host, or one that no certificate has. `alpn` lists the
    /// application protocols in order of preference (`h2`, `http/1.1`); empty: none is negotiated. Tickets of `old`,
    /// where it is given, hold on, and so do the OCSP responses of certificates that stay. Without `clients` nobody is
    /// asked for a certificate.
    package init(
        certificates: [TLSCertificate], alpn: [String] = [], minimum: TLSVersion = .tls12,
        maximum: TLSVersion = .tls13, sessionTickets: Bool = true, stapling: Bool = true,
        clients: TLSClientAuthentication? = nil,
        continuing old: TLSServerContext? = nil
    ) throws(TLSError) {
        guard !certificates.isEmpty else {
            throw TLSError(.certificateUnreadable, "a TLS listener needs a certificate")
        }
        ticketKeys = old?.ticketKeys ?? TicketKeys()
        let protocols = try ProtocolList(alpn)
        var contexts: [SSLContext] = []
        var summaries: [TLSCertificateSummary] = []
        var staples: [OCSPStaple?] = []
        for certificate in certificates {
            let context = try SSLContext(server: true, versions: minimum, maximum)
            let chain = try Self.use(certificate, in: context).certificates
            summaries.append(CertificateList.summary(chain[0]))
            var staple = stapling && chain.count > 1 ? OCSPStaple(chain[0], issuer: chain[1]) : nil
            staple = old?.staples.first { $0?.request == staple?.request } ?? staple
            staple?.install(in: context.pointer)
            staples.append(staple)
            if let clients {
                try clients.install(in: context)
                context.restrictResumption(tickets: sessionTickets, name: clients.sessionContext)
            } else {
                context.restrictResumption(tickets: sessionTickets)
            }
            contexts.append(context)
        }
        self.certificates = summaries
        self.staples = staples
        isStapling = stapling
        choice = CertificateChoice(contexts: contexts, names: summaries.map(\.names), protocols: protocols)
        choice.install()
        if sessionTickets { for context in contexts { ticketKeys.install(in: context.pointer) } }
    }

    /// The context that a session starts with; the name that the client asks for may change it.
    var first: OpaquePointer { choice.contexts[0].pointer }

    /// Whether clients that ask for the one name and for the other get the same certificate.
    package func hasOneCertificate(for name: String, _ other: String) -> Bool {
        choice.index(for: name) == choice.index(for: other)
    }

    private static func use(
        _ certificate: TLSCertificate, in context: SSLContext
    ) throws(TLSError) -> CertificateList {
        let (list, reason) = CertificateList.read(certificate.chainPEM)
        guard let list else {
            throw TLSError(
                .certificateUnreadable,
                "the certificate cannot be read: \(reason); it must be PEM, the server's own certificate first, then "
                    + "those that signed it")
        }
        let key = try PrivateKey.read(certificate.keyPEM)
        let leaf = list.certificates[0]
        guard X509_check_private_key(leaf, key.pointer) == 1 else {
            OpenSSLErrors.clear()
            let other = list.certificates.firstIndex { X509_check_private_key($0, key.pointer) == 1 }
            OpenSSLErrors.clear()
            if let other {
                throw TLSError(
                    .keyMismatch,
                    "the private key belongs to certificate \(other + 1) of the file; put the server's own certificate "
                        + "first")
            }
            throw TLSError(
                .keyMismatch,
                "the private key does not belong to the certificate; give the key that the certificate was requested "
                    + "with")
        }
        guard SSL_CTX_use_certificate(context.pointer, leaf) == 1 else {
            throw TLSError(
                .certificateRefused,
                "OpenSSL refuses the certificate (\(OpenSSLErrors.takeReason())); request one with an RSA key of at "
                    + "least 2048 bits or a P-256 key")
        }
        guard SSL_CTX_use_PrivateKey(context.pointer, key.pointer) == 1 else {
            throw TLSError(.keyMismatch, "OpenSSL refuses the private key (\(OpenSSLErrors.takeReason()))")
        }
        for issuer in list.certificates.dropFirst() {
            X509_up_ref(issuer)
            guard postern_SSL_CTX_add0_chain_cert(context.pointer, issuer) == 1 else {
                X509_free(issuer)
                throw TLSError(
                    .certificateRefused,
                    "OpenSSL refuses a certificate of the chain (\(OpenSSLErrors.takeReason()))")
            }
        }
        return list
    }
}

/// Which certificate answers for which name, and which protocol is spoken: what OpenSSL's callbacks ask.
///
/// Immutable; lives as long as its contexts, which are the only ones to point to it.
final class CertificateChoice: @unchecked Sendable {
    let contexts: [SSLContext]
    private let exact: [String: Int]
    /// `example.com` for a certificate's `*.example.com`.
    private let wildcards: [String: Int]
    private let protocols: ProtocolList

    init(contexts: [SSLContext], names: [[String]], protocols: ProtocolList) {
        self.contexts = contexts
        self.protocols = protocols
        var exact: [String: Int] = [:]
        var wildcards: [String: Int] = [:]
        for (index, names) in names.enumerated() {
            for name in names {
                if name.hasPrefix("*.") {
                    wildcards[String(name.dropFirst(2))] = wildcards[String(name.dropFirst(2))] ?? index
                } else {
                    exact[name] = exact[name] ?? index
                }
            }
        }
        self.exact = exact
        self.wildcards = wildcards
    }

    /// RFC 6125 section 6.4.3: a wildcard stands for exactly one label, the leftmost. A name beats a wildcard, and
    /// an earlier certificate a later one.
    func index(for name: String) -> Int {
        if let index = exact[name] { return index }
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return 0 }
        return wildcards[String(name[name.index(after: dot)...])] ?? 0
    }

    func install() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        if contexts.count > 1 {
            postern_SSL_CTX_set_servername_callback(
                contexts[0].pointer,
                { ssl, _, argument in
                    guard let ssl, let argument, let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
                        return SSL_TLSEXT_ERR_NOACK
                    }
                    let choice = Unmanaged<CertificateChoice>.fromOpaque(argument).takeUnretainedValue()
                    let asked = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
                    var count = strnlen(name, 256)
                    if count > 0, asked[count - 1] == UInt8(ascii: ".") { count -= 1 }
                    let index = choice.index(for: DNSName.lowercased(UnsafeBufferPointer(start: asked, count: count)))
                    if index > 0 { SSL_set_SSL_CTX(ssl, choice.contexts[index].pointer) }
                    return SSL_TLSEXT_ERR_OK
                }, me)
        } else {
            postern_SSL_CTX_set_servername_callback(contexts[0].pointer, { _, _, _ in SSL_TLSEXT_ERR_OK }, nil)
        }
        guard !protocols.wire.isEmpty else { return }
        for context in contexts {
            SSL_CTX_set_alpn_select_cb(
                context.pointer,
                { _, out, outLength, offered, offeredLength, argument in
                    guard let out, let outLength, let offered, let argument else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                    let choice = Unmanaged<CertificateChoice>.fromOpaque(argument).takeUnretainedValue()
                    return choice.protocols.select(
                        from: UnsafeBufferPointer(start: offered, count: Int(offeredLength)), out, outLength)
                }, me)
        }
    }
}
