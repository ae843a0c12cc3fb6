import Sessions

/// The sign-ins whose callback has been seen, for as long as their state could come again. Bounded.
struct RecentFlows {
    private var seen: [SessionID: Int64] = [:]
    private var order: [SessionID] = []
    private var oldest = 0
    private let lifetime: Int64
    private let capacity: Int

    var count: Int { seen.count }

    init(lifetime: Int64, capacity: Int = 100_000) {
        self.lifetime = lifetime
        self.capacity = capacity
    }

    /// Remembers `flow`; false where it was there already.
    mutating func insert(_ flow: SessionID, now: Int64) -> Bool {
        while oldest < order.count, order.count - oldest >= capacity || seen[order[oldest], default: 0] < now {
            seen[order[oldest]] = nil
            oldest += 1
        }
        if oldest > 1024, oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
        guard seen[flow] == nil else { return false }
        seen[flow] = now + lifetime
        order.append(flow)
        return true
    }
}
