import Posix

/// Which of several endpoints to ask, by number: the first one that is not set aside.
///
/// One that cannot be reached, or does not answer in time, is set aside at once, one that answers with errors after five
/// in a row: for a second, and twice as long each further time, up to a minute. When the time is over one request tries
/// it, while the others go on as before; an answer brings it back. Where all are set aside, none is refused.
package struct EndpointOrder: Sendable {
    package static let shortest = Nanoseconds.seconds(1)
    package static let longest = Nanoseconds.seconds(60)
    /// So many errors in a row set an endpoint aside.
    package static let errors = 5

    private struct Endpoint {
        var errors = 0
        /// For how long it was set aside the last time; nil while it answers.
        var span: Nanoseconds?
        var until = MonotonicTime(nanoseconds: 0)
        /// One request tries it.
        var isTried = false
    }

    private var endpoints: [Endpoint]

    package init(count: Int) { endpoints = Array(repeating: Endpoint(), count: count) }

    /// The one to ask first.
    package mutating func first(now: MonotonicTime) -> Int {
        if endpoints[0].span == nil { return 0 }
        return next(after: [], now: now, atAnyRate: true)!
    }

    /// The one to ask when those of `tried` have failed; nil where there is none.
    ///
    /// - Parameter atAnyRate: if need be also one that is set aside.
    package mutating func next(after tried: [Int], now: MonotonicTime, atAnyRate: Bool) -> Int? {
        let left = endpoints.indices.filter { !tried.contains($0) }
        if let usable = left.first(where: { endpoints[$0].span == nil || endpoints[$0].until <= now }) {
            if let span = endpoints[usable].span {
                endpoints[usable].isTried = true
                endpoints[usable].until = now + span
            }
            return usable
        }
        return atAnyRate ? left.min { endpoints[$0].until < endpoints[$1].until } : nil
    }

    /// - Parameter isGone: it could not be reached, or did not answer in time.
    /// - Returns: for how long it is set aside; nil where that is as before.
    package mutating func failed(_ number: Int, isGone: Bool, now: MonotonicTime) -> Nanoseconds? {
        guard endpoints.count > 1 else { return nil }
        endpoints[number].errors += 1
        guard isGone || endpoints[number].errors >= Self.errors else { return nil }
        let span: Nanoseconds
        if let last = endpoints[number].span {
            // Of those that were under way when it was set aside nothing new is learnt.
            guard endpoints[number].isTried else { return nil }
            span = min(Nanoseconds(last.count * 2), Self.longest)
        } else {
            span = Self.shortest
        }
        endpoints[number].span = span
        endpoints[number].until = now + span
        endpoints[number].isTried = false
        return span
    }

    /// It has answered. Returns whether it was set aside.
    package mutating func answered(_ number: Int) -> Bool {
        if endpoints[number].errors == 0 { return false }
        let wasAside = endpoints[number].span != nil
        endpoints[number] = Endpoint()
        return wasAside
    }
}
