/// What has lately come of renewing a session, for those who still hold the cookie from before: requests that were under
/// way at the time, and browsers whose answer got lost. A provider that rotates refresh tokens must not be shown the
/// old one again: it would take that for theft, and end the session (RFC 9700 section 4.14.2).
///
/// Bounded by number and by size; what is oldest goes first. Times are Unix seconds.
package struct Successors<Value: Sendable>: Sendable {
    /// 15 minutes: a browser that was cut off is back by then, or has lost its connection for good.
    package static var lifetime: Int64 { 900 }
    package static var defaultLimit: Int { 16_384 }
    /// 32 MiB: 8000 successors of 4 KiB.
    package static var defaultSizeLimit: Int { 32 << 20 }

    private struct Entry: Sendable {
        let value: Value
        let size: Int
        let until: Int64
        let serial: UInt64
    }

    private var entries: [GrantID: Entry] = [:]
    /// Every insertion in its order; one that was replaced or removed has another serial by now, or none.
    private var order: [(grant: GrantID, serial: UInt64)] = []
    private var oldest = 0
    private var serial: UInt64 = 0
    private var size = 0
    private let limit: Int
    private let sizeLimit: Int

    /// `sizeLimit` in bytes.
    package init(limit: Int = Self.defaultLimit, sizeLimit: Int = Self.defaultSizeLimit) {
        precondition(limit > 0)
        self.limit = limit
        self.sizeLimit = sizeLimit
    }

    package var count: Int { entries.count }

    package func value(of grant: GrantID, now: Int64) -> Value? {
        guard let entry = entries[grant], now < entry.until else { return nil }
        return entry.value
    }

    /// - Parameter size: what the value takes, in bytes, about.
    package mutating func insert(_ value: Value, size: Int, for grant: GrantID, now: Int64) {
        remove(grant)
        serial &+= 1
        entries[grant] = Entry(value: value, size: size, until: now + Self.lifetime, serial: serial)
        order.append((grant, serial))
        self.size += size
        trim(now)
    }

    @discardableResult
    package mutating func remove(_ grant: GrantID) -> Value? {
        guard let entry = entries.removeValue(forKey: grant) else { return nil }
        size -= entry.size
        return entry.value
    }

    private mutating func trim(_ now: Int64) {
        while oldest < order.count {
            let (grant, serial) = order[oldest]
            if let entry = entries[grant], entry.serial == serial {
                guard entries.count > limit || size > sizeLimit || now >= entry.until else { break }
                remove(grant)
            }
            oldest += 1
        }
        if oldest > 1024, oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
