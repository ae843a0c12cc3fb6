/// Sessions that were ended before their time, each until the moment from which its cookie is too old anyway.
///
/// An immutable value: a change gives a new one, which whoever shares it swaps in whole. A look-up costs one hash; a
/// change copies the list, which takes about a millisecond at 100 000 entries, and sign-outs are rare.
package struct RevocationList: Sendable {
    package static let defaultLimit = 100_000

    /// Unix seconds from which an entry is of no more use.
    private var expiries: [SessionID: Int64] = [:]
    private let limit: Int
    /// How many entries were given up for lack of room since the list was begun: cookies that could open again.
    package private(set) var dropped = 0

    package init(limit: Int = Self.defaultLimit) {
        precondition(limit > 0)
        self.limit = limit
    }

    package var count: Int { expiries.count }

    package func contains(_ id: SessionID) -> Bool { expiries[id] != nil }

    /// With `id` in it until `expiry`. Where there is no room, those go first that are over, then the one that ends
    /// soonest, be it the new one.
    package func adding(_ id: SessionID, until expiry: Int64, now: Int64) -> RevocationList {
        var list = self
        list.add(id, until: expiry, now: now)
        return list
    }

    /// As `adding`, for many at once.
    package func adding(_ entries: [(id: SessionID, expiry: Int64)], now: Int64) -> RevocationList {
        var list = self
        for entry in entries { list.add(entry.id, until: entry.expiry, now: now) }
        return list
    }

    package func removingExpired(now: Int64) -> RevocationList {
        var list = self
        list.removeExpired(now)
        return list
    }

    private mutating func add(_ id: SessionID, until expiry: Int64, now: Int64) {
        guard expiry > now else { return }
        expiries[id] = max(expiry, expiries[id] ?? expiry)
        if expiries.count > limit { removeExpired(now) }
        if expiries.count > limit, let soonest = expiries.min(by: { $0.value < $1.value }) {
            expiries[soonest.key] = nil
            dropped += 1
        }
    }

    private mutating func removeExpired(_ now: Int64) {
        expiries = expiries.filter { $0.value > now }
    }
}
