import COpenSSL

/// OpenSSL's SSL_CTX: owns it, and sets what servers and clients have in common.
final class SSLContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// RFC 7525 and RFC 9325: for TLS 1.2 ephemeral keys and authenticated encryption only.
    private static let ciphers12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    /// A server chooses by its own order, but takes ChaCha20 where that is a client's first: it knows its hardware.
    private static let ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256"

    init(server: Bool, versions minimum: TLSVersion, _ maximum: TLSVersion) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) else {
            throw TLSError(.setup, "OpenSSL cannot make a TLS context (\(OpenSSLErrors.takeReason()))")
        }
        pointer = context
        SSL_CTX_set_options(pointer, postern_SSL_OP_NO_COMPRESSION | postern_SSL_OP_NO_RENEGOTIATION)
        if server {
            SSL_CTX_set_options(
                pointer, postern_SSL_OP_CIPHER_SERVER_PREFERENCE | postern_SSL_OP_PRIORITIZE_CHACHA)
        }
        postern_SSL_CTX_set_mode(
            pointer,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        guard postern_SSL_CTX_set_min_proto_version(pointer, minimum.number) == 1,
            postern_SSL_CTX_set_max_proto_version(pointer, maximum.number) == 1,
            SSL_CTX_set_cipher_list(pointer, Self.ciphers12) == 1,
            SSL_CTX_set_ciphersuites(pointer, Self.ciphers13) == 1,
            postern_SSL_CTX_set1_groups_list(pointer, Self.groups) == 1
        else {
            throw TLSError(
                .setup, "OpenSSL refuses the TLS versions, ciphers or groups (\(OpenSSLErrors.takeReason()))")
        }
    }

    deinit { SSL_CTX_free(pointer) }

    /// Server: resumption by tickets alone, which need no memory here and no lock between the workers, and of sessions
    /// that began under the same `name`.
    func restrictResumption(tickets: Bool, name: [UInt8] = Array("postern".utf8)) {
        postern_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
        if !tickets {
            SSL_CTX_set_options(pointer, postern_SSL_OP_NO_TICKET)
            SSL_CTX_set_num_tickets(pointer, 0)
        }
    }
}

/// RFC 7301: application protocols in order of preference.
struct ProtocolList: Sendable {
    /// Each name after a byte with its length.
    let wire: [UInt8]

    init(_ names: [String]) throws(TLSError) {
        var wire: [UInt8] = []
        for name in names {
            guard (1...255).contains(name.utf8.count) else {
                throw TLSError(.setup, "an application protocol's name must have 1 to 255 bytes")
            }
            wire.append(UInt8(name.utf8.count))
            wire.append(contentsOf: name.utf8)
        }
        self.wire = wire
    }

    /// The first of ours that the client offers; a client that offers none of them gets a fatal
    /// `no_application_protocol` (section 3.2).
    func select(
        from offered: UnsafeBufferPointer<UInt8>, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>,
        _ outLength: UnsafeMutablePointer<UInt8>
    ) -> Int32 {
        var mine = 0
        while mine < wire.count {
            let length = Int(wire[mine])
            var theirs = 0
            while theirs < offered.count {
                let offeredLength = Int(offered[theirs])
                guard theirs + 1 + offeredLength <= offered.count else { break }
                if offeredLength == length,
                    (0..<length).allSatisfy({ offered[theirs + 1 + $0] == wire[mine + 1 + $0] })
                {
                    out.pointee = offered.baseAddress! + theirs + 1
                    outLength.pointee = UInt8(length)
                    return SSL_TLSEXT_ERR_OK
                }
                theirs += 1 + offeredLength
            }
            mine += 1 + length
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
}
