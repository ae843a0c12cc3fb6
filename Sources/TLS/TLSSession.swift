import Bytes
import COpenSSL

/// How far a handshake has come.
package enum TLSProgress: Sendable, Equatable {
    case done
    /// Send the output, then come again with more input.
    case wait
    /// Send the output (an alert that tells the peer), then close.
    case failed(TLSError)
}

/// What a read gave.
package enum TLSRead: Sendable, Equatable {
    /// At least one byte was appended; there may be more.
    case bytes
    /// Nothing until more input comes.
    case wait
    /// The peer ended its half properly (close_notify); writing is still allowed.
    case closed
    case failed(TLSError)
}

/// One TLS connection without its socket: ciphertext goes in and comes out as bytes.
///
/// Belongs to one thread. The order is always the same: `receive` what the socket gave, `handshake` until it is done,
/// `read` until it waits, `write`, and after each of these send what `withOutput` has.
package final class TLSSession {
    /// `write` takes nothing more while this much output or more is unsent, in bytes.
    package static let outputLimit = 64 * 1024
    /// The most plaintext in a record (RFC 8446 section 5.1).
    package static let recordSize = 16_384

    private let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<Wire>
    /// The context lives as long as its sessions: OpenSSL's callbacks point into it.
    private let context: any Sendable
    /// A server's; nil for a client.
    let ticketKeys: TicketKeys?
    private let cache: (sessions: SessionCache, key: String)?
    private let host: String
    private var failure: TLSError?
    private var isClosing = false
    /// The handshake is over.
    package private(set) var isEstablished = false

    /// Where OpenSSL keeps the way from an SSL back to its session.
    static let exDataIndex: Int32 = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    /// The accepting side.
    package init(server: TLSServerContext, pool: TLSBufferPool = TLSBufferPool(keep: 0)) {
        (ssl, wire) = Self.make(server.first, pool)
        context = server
        ticketKeys = server.ticketKeys
        cache = nil
        host = "the client"
        SSL_set_accept_state(ssl)
        SSL_set_ex_data(ssl, Self.exDataIndex, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The connecting side. `serverName` is a DNS name or an IP address; the server must prove to be it. `alpn` lists
    /// the protocols to offer, preferred first.
    package init(
        client: TLSClientContext, serverName: String, alpn: [String] = [],
        pool: TLSBufferPool = TLSBufferPool(keep: 0)
    ) throws(TLSError) {
        let protocols = try ProtocolList(alpn)
        let key = ([serverName] + alpn).joined(separator: "\n")
        (ssl, wire) = Self.make(client.context.pointer, pool)
        context = client
        ticketKeys = nil
        cache = (client.sessions, key)
        host = serverName
        SSL_set_connect_state(ssl)
        SSL_set_ex_data(ssl, Self.exDataIndex, Unmanaged.passUnretained(self).toOpaque())
        let isUsable = serverName.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !serverName.isEmpty
        let isAddress = isUsable && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName) == 1
        if !isAddress {
            guard isUsable, SSL_set1_host(ssl, serverName) == 1, postern_SSL_set_tlsext_host_name(ssl, serverName) == 1
            else { throw TLSError(.setup, "\(serverName) is no host name to connect to") }
        }
        if !protocols.wire.isEmpty { SSL_set_alpn_protos(ssl, protocols.wire, UInt32(protocols.wire.count)) }
        client.sessions.offer(key, on: ssl)
        OpenSSLErrors.clear()
    }

    private static func make(
        _ context: OpaquePointer, _ pool: TLSBufferPool
    ) -> (OpaquePointer, UnsafeMutablePointer<Wire>) {
        guard let ssl = SSL_new(context), let bio = BIO_new(Wire.method) else { fatalError("OpenSSL has no memory") }
        let wire = UnsafeMutablePointer<Wire>.allocate(capacity: 1)
        wire.initialize(to: Wire(pool: pool))
        BIO_set_data(bio, wire)
        SSL_set_bio(ssl, bio, bio)
        return (ssl, wire)
    }

    deinit {
        // A session that is freed without close_notify would be struck from the client's tickets.
        if isEstablished, failure == nil { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
        wire.deinitialize(count: 1)
        wire.deallocate()
    }

    // MARK: Ciphertext in

    /// Takes over what came from the socket.
    package func receive(_ ciphertext: Span<UInt8>) {
        ciphertext.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            wire.pointee.input.append(base, count: bytes.count)
        }
    }

    /// Lets `fill` put up to at least `capacity` bytes from the socket straight into the session: a copy less.
    package func receive<Result, Failure: Error>(
        upTo capacity: Int, _ fill: (inout OutputSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let room = wire.pointee.input.room(atLeast: capacity)
        var count = 0
        defer { wire.pointee.input.commit(count) }
        var out = OutputSpan(buffer: room, initializedCount: 0)
        let result = try fill(&out)
        count = out.finalize(for: room)
        return result
    }

    /// The socket has ended: what has not come will not come. A session that the peer did not close properly then
    /// fails with `.truncated`.
    package func endOfInput() { wire.pointee.inputEnded = true }

    // MARK: Ciphertext out

    package var hasOutput: Bool { !wire.pointee.output.isEmpty }
    package var outputCount: Int { wire.pointee.output.count }

    /// Calls `body` with all output (not at all if there is none); what `body` says it sent is dropped.
    package func withOutput<Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Int) throws(Failure) {
        guard hasOutput else { return }
        let sent = try body(wire.pointee.output.unread.span)
        wire.pointee.output.consume(sent)
    }

    // MARK: Session

    package func handshake() -> TLSProgress {
        if let failure { return .failed(failure) }
        if isEstablished { return .done }
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            isEstablished = true
            return .done
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wait
        default: return .failed(fail())
        }
    }

    /// Appends plaintext to `out` until it is full or there is none.
    package func read(into out: inout OutputSpan<UInt8>) -> TLSRead {
        if let failure { return .failed(failure) }
        guard isEstablished else { return .wait }
        let before = out.count
        var end: TLSRead?
        out.withUnsafeMutableBufferPointer { buffer, count in
            while count < buffer.count, end == nil {
                OpenSSLErrors.clear()
                var read = 0
                let result = SSL_read_ex(ssl, buffer.baseAddress! + count, buffer.count - count, &read)
                if result == 1 {
                    count += read
                } else {
                    end = why(result)
                }
            }
        }
        if out.count > before { return .bytes }
        return end ?? .wait
    }

    /// Whether `read` may give something, or an end, without any further input.
    package var mayHavePlaintext: Bool {
        SSL_pending(ssl) > 0 || !wire.pointee.input.isEmpty || wire.pointee.inputEnded
    }

    private func why(_ result: Int32) -> TLSRead {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wait
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: return .failed(fail())
        }
    }

    /// Seals plaintext into the output; returns how much it took: all, or as much as the limit of the output lets.
    /// 0 before the handshake is over and after `close` or a failure.
    package func write(_ plaintext: Span<UInt8>) -> Int {
        guard isEstablished, !isClosing, failure == nil else { return 0 }
        return plaintext.withUnsafeBufferPointer { bytes in
            var taken = 0
            while taken < bytes.count {
                let room = Self.outputLimit - wire.pointee.output.count
                guard room > 0 else { break }
                let records = (room + Self.recordSize - 1) / Self.recordSize
                let count = min(bytes.count - taken, records * Self.recordSize)
                OpenSSLErrors.clear()
                var written = 0
                let result = SSL_write_ex(ssl, bytes.baseAddress! + taken, count, &written)
                guard result == 1 else {
                    switch SSL_get_error(ssl, result) {
                    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
                    default: _ = fail()
                    }
                    return taken
                }
                taken += written
            }
            return taken
        }
    }

    /// Ends this side's half with close_notify (RFC 8446 section 6.1); reading goes on until the peer's.
    package func close() {
        guard !isClosing, failure == nil else { return }
        isClosing = true
        guard isEstablished else { return }
        OpenSSLErrors.clear()
        SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    // MARK: What was agreed

    /// ALPN: `h2`, `http/1.1`; nil where none was negotiated.
    package var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name, length > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The name that the client asked for (SNI).
    package var serverName: String? {
        guard let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return nil }
        return String(cString: name)
    }

    /// `TLSv1.3` or `TLSv1.2`.
    package var versionName: String { String(cString: SSL_get_version(ssl)) }

    package var cipherName: String {
        guard let cipher = SSL_get_current_cipher(ssl), let name = SSL_CIPHER_get_name(cipher) else { return "none" }
        return String(cString: name)
    }

    /// The certificate that this side shows, as the name asked for chose it; nil for a client.
    package var ownCertificate: TLSCertificateSummary? {
        SSL_get_certificate(ssl).map { CertificateList.summary($0) }
    }

    /// The certificate that the peer showed and that held; nil where it showed none.
    package var peerCertificate: TLSCertificateSummary? {
        SSL_get0_peer_certificate(ssl).map { CertificateList.summary($0) }
    }

    /// Whether this session continued an earlier one, without a new proof by certificate.
    package var wasResumed: Bool { SSL_session_reused(ssl) == 1 }

    // MARK: Private

    /// A new ticket from the server; true takes over its reference.
    func keep(_ session: OpaquePointer) -> Bool {
        guard let cache else { return false }
        cache.sessions.keep(session, for: cache.key)
        return true
    }

    /// Remembers why the session is over.
    private func fail() -> TLSError {
        let verification = SSL_get_verify_result(ssl)
        let error: TLSError
        if verification != Int(X509_V_OK) {
            OpenSSLErrors.clear()
            error = OpenSSLErrors.certificateFailure(verification, host: host)
        } else {
            error = OpenSSLErrors.takeSessionFailure()
        }
        if let cache, !isEstablished { cache.sessions.forget(cache.key) }
        failure = error
        return error
    }
}
