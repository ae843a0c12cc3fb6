import COpenSSL
import Glibc
import Synchronization

/// The keys that seal session tickets (RFC 5077 section 4): made at random, kept in memory alone, and replaced every
/// eight hours, so that who takes the memory one day reads no resumed TLS 1.2 session of the day before (RFC 9325
/// section 4.3.3). The key before the newest still opens.
package final class TicketKeys: Sendable {
    /// In seconds; OpenSSL lets a ticket live two hours.
    package static let lifetime = 8 * 3600

    package struct Key: Sendable {
        package let name: [UInt8]
        let cipher: [UInt8]
        let authentication: [UInt8]

        init() {
            name = Self.random(16)
            cipher = Self.random(32)
            authentication = Self.random(32)
        }

        private static func random(_ count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
                guard RAND_bytes(out.baseAddress, Int32(count)) == 1 else { fatalError("OpenSSL has no random bytes") }
                initialized = count
            }
        }
    }

    private struct State {
        var newest = Key()
        var before: Key?
        var madeAt: Int
    }

    private let state: Mutex<State>

    package init(now: Int = TicketKeys.now()) {
        state = Mutex(State(madeAt: now))
    }

    /// Seconds of a clock that never goes back.
    package static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }

    /// The key that seals.
    package func newest(now: Int) -> Key {
        state.withLock { state in
            if now - state.madeAt >= Self.lifetime {
                // After two lifetimes without a visitor the newest key is too old to open anything, too.
                state.before = now - state.madeAt < 2 * Self.lifetime ? state.newest : nil
                state.newest = Key()
                state.madeAt = now
            }
            return state.newest
        }
    }

    /// The key of that name, and whether it is the one that seals.
    package func named(_ name: [UInt8], now: Int) -> (key: Key, isNewest: Bool)? {
        let newest = newest(now: now)
        if newest.name == name { return (newest, true) }
        guard let before = state.withLock({ $0.before }), before.name == name else { return nil }
        return (before, false)
    }

    func install(in context: OpaquePointer) {
        postern_SSL_CTX_set_ticket_key_callback(context) { ssl, name, vector, cipher, mac, isSealing in
            guard let ssl, let name, let vector, let cipher, let mac,
                let data = SSL_get_ex_data(ssl, TLSSession.exDataIndex),
                let keys = Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue().ticketKeys
            else { return -1 }
            let now = TicketKeys.now()
            if isSealing == 1 {
                let key = keys.newest(now: now)
                guard RAND_bytes(vector, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1,
                    EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, vector) == 1,
                    TicketKeys.authenticate(mac, key)
                else { return -1 }
                name.update(from: key.name, count: key.name.count)
                return 1
            }
            // 0: an unknown key, so a full handshake; 2: open, and send a new ticket.
            let wanted = Array(UnsafeBufferPointer(start: name, count: 16))
            guard let (key, isNewest) = keys.named(wanted, now: now) else { return 0 }
            guard TicketKeys.authenticate(mac, key),
                EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, vector) == 1
            else { return -1 }
            return isNewest ? 1 : 2
        }
    }

    private static func authenticate(_ mac: OpaquePointer, _ key: Key) -> Bool {
        var bytes = key.authentication
        return postern_EVP_MAC_set_hmac_sha256(mac, &bytes, bytes.count) == 1
    }
}
