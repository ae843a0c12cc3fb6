import Posix
import Synchronization

/// How many client connections all workers have together, in all and by the clients' addresses.
///
/// The workers share it, and ask once for each connection: an atomic sum, and a lock for one in sixteen addresses.
package final class ConnectionCensus: Sendable {
    /// An IPv4 address, or the /64 that is one IPv6 subscriber's.
    private struct Place: Hashable {
        let isIPv6: Bool
        let bits: UInt64

        init?(_ address: SocketAddress) {
            switch address {
            case .ipv4(let address, _): (isIPv6, bits) = (false, UInt64(address))
            case .ipv6(0, let low, _, _) where low >> 32 == 0xFFFF: (isIPv6, bits) = (false, low & 0xFFFF_FFFF)
            case .ipv6(let high, _, _, _): (isIPv6, bits) = (true, high)
            case .unix: return nil
            }
        }

        /// Neighbours, which come from one network more often than not, lie in different shards.
        var shard: Int { Int(truncatingIfNeeded: bits ^ bits >> 16) & (shardCount - 1) }
    }

    private final class Shard: Sendable {
        let counts = Mutex<[Place: Int]>([:])
    }

    private static let shardCount = 16

    private final class Counts: Sendable {
        let sum = Atomic<Int>(0)
        let shards = (0..<ConnectionCensus.shardCount).map { _ in Shard() }
    }

    /// Connections at a time, of all workers.
    package let limit: Int
    /// Connections at a time from one address.
    package let limitPerAddress: Int

    private let counts: Counts
    private let isExempt: @Sendable (SocketAddress) -> Bool

    /// - Parameters:
    ///   - old: the one whose place it takes, with other limits: they count together.
    ///   - isExempt: whose connections are somebody else's, a proxy's; they count only in all.
    package init(
        limit: Int, limitPerAddress: Int, continuing old: ConnectionCensus? = nil,
        isExempt: @escaping @Sendable (SocketAddress) -> Bool = { _ in false }
    ) {
        counts = old?.counts ?? Counts()
        self.limit = limit
        self.limitPerAddress = limitPerAddress
        self.isExempt = isExempt
    }

    /// All connections.
    package var count: Int { counts.sum.load(ordering: .relaxed) }

    /// Counts one more connection, or says that there are enough.
    func enter() -> Bool {
        if counts.sum.add(1, ordering: .relaxed).newValue <= limit { return true }
        counts.sum.subtract(1, ordering: .relaxed)
        return false
    }

    func leave() { counts.sum.subtract(1, ordering: .relaxed) }

    /// What became of a connection's wish to be counted by its address.
    enum Admission { case counted, exempt, refused }

    func enter(from address: SocketAddress) -> Admission {
        guard let place = Place(address), !isExempt(address) else { return .exempt }
        return counts.shards[place.shard].counts.withLock { counts in
            let count = counts[place] ?? 0
            guard count < limitPerAddress else { return .refused }
            counts[place] = count + 1
            return .counted
        }
    }

    func leave(from address: SocketAddress) {
        guard let place = Place(address) else { return }
        counts.shards[place.shard].counts.withLock { counts in
            guard let count = counts[place] else { return }
            counts[place] = count > 1 ? count - 1 : nil
        }
    }

    /// How many addresses have connections now.
    package var addressCount: Int { counts.shards.reduce(0) { $0 + $1.counts.withLock(\.count) } }
}
