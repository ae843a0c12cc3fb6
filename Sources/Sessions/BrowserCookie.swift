import Cryptography

/// What the browser cookie holds: the binding that ties sign-ins to the browser, and how often one of them has just
/// ended here without a session to show for it.
///
///     BINDING                     32 random bytes as base64url
///     BINDING "." COUNT "." TIME  the sign-ins since TIME, in Unix seconds, that the browser was sent through by itself
///
/// A browser that loses its session with every redirect, for a proxy on the way drops large cookies or two instances
/// have different keys, would otherwise be sent to the provider and back for ever. The count is the browser's own and
/// not sealed: whoever changes it deceives only themselves.
package struct BrowserCookie: Sendable, Equatable {
    package let binding: String
    package let count: Int
    /// When the first that counts ended, in Unix seconds.
    package let since: Int64

    /// So many within `window` go round in a circle.
    package static let limit = 4
    /// In seconds.
    package static let window: Int64 = 60

    package init(binding: String, count: Int = 0, since: Int64 = 0) {
        self.binding = binding
        self.count = count
        self.since = since
    }

    /// Nil where the text is no browser cookie. A count that does not hold is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard BrowserBinding.isWellFormed(String(parts[0])), parts.count == 1 || parts.count == 3 else { return nil }
        binding = String(parts[0])
        guard parts.count == 3, let count = Self.number(parts[1]), let since = Self.number(parts[2]) else {
            (count, since) = (0, 0)
            return
        }
        self.count = Int(min(count, Int64(Self.limit)))
        self.since = since
    }

    package var text: String { count == 0 ? binding : "\(binding).\(count).\(since)" }

    /// With one more sign-in.
    package func counted(now: Int64) -> BrowserCookie {
        isRecent(now: now)
            ? BrowserCookie(binding: binding, count: min(count + 1, Self.limit), since: since)
            : BrowserCookie(binding: binding, count: 1, since: now)
    }

    /// Without any: a session was seen.
    package var settled: BrowserCookie { BrowserCookie(binding: binding) }

    package func isGoingInCircles(now: Int64) -> Bool { isRecent(now: now) && count >= Self.limit }

    private func isRecent(now: Int64) -> Bool {
        let (age, overflow) = now.subtractingReportingOverflow(since)
        return count > 0 && !overflow && age >= 0 && age < Self.window
    }

    /// Digits alone, so many that it cannot overflow.
    private static func number(_ text: Substring) -> Int64? {
        guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }
}
