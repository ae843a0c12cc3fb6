import COpenSSL
import Synchronization

/// The sessions that servers let a client resume: the newest few for each (host, protocols), so that the next
/// connection saves the public-key work. A session is only ever offered to the name that it was verified for, and one
/// of TLS 1.3 only once (RFC 8446 appendix C.4).
final class SessionCache: Sendable {
    /// Hosts remembered at most; one more forgets them all.
    static let limit = 256
    /// Sessions remembered for each of them: as many connections may open at once without the full work.
    static let perHost = 4

    /// OpenSSL's SSL_SESSION: owns one reference.
    private final class Ticket: @unchecked Sendable {
        let pointer: OpaquePointer
        init(owning pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_SESSION_free(pointer) }
    }

    private let tickets = Mutex<[String: [Ticket]]>([:])

    func install(in context: SSLContext) {
        postern_SSL_CTX_set_session_cache_mode(
            context.pointer, Int(SSL_SESS_CACHE_CLIENT) | Int(SSL_SESS_CACHE_NO_INTERNAL_STORE))
        SSL_CTX_sess_set_new_cb(context.pointer) { ssl, session in
            guard let ssl, let session, let data = SSL_get_ex_data(ssl, TLSSession.exDataIndex) else { return 0 }
            let owner = Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
            return owner.keep(session) ? 1 : 0
        }
    }

    /// Takes over the caller's reference.
    func keep(_ session: OpaquePointer, for key: String) {
        let ticket = Ticket(owning: session)
        tickets.withLock { tickets in
            if tickets.count >= Self.limit, tickets[key] == nil { tickets.removeAll() }
            var known = tickets[key] ?? []
            if known.count >= Self.perHost { known.removeFirst() }
            known.append(ticket)
            tickets[key] = known
        }
    }

    /// Offers the newest session, if there is one, on a connection that has not started.
    func offer(_ key: String, on ssl: OpaquePointer) {
        let ticket = tickets.withLock { tickets -> Ticket? in
            guard let newest = tickets[key]?.last else { return nil }
            if SSL_SESSION_get_protocol_version(newest.pointer) >= TLS1_3_VERSION { tickets[key]?.removeLast() }
            return newest
        }
        guard let ticket else { return }
        SSL_set_session(ssl, ticket.pointer)
    }

    func forget(_ key: String) {
        _ = tickets.withLock { $0.removeValue(forKey: key) }
    }
}
