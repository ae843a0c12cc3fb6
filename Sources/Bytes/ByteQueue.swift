/// Bytes in the order in which they came, taken from the front.
///
/// One contiguous array with a read position; the space in front is reclaimed when the queue runs
/// empty or when more than half of it is spent, so that appending stays amortised O(1).
package struct ByteQueue: Sendable {
    private var storage: [UInt8] = []
    private var start = 0

    package init() {}

    @inlinable
    package var isEmpty: Bool { count == 0 }
    package var count: Int { storage.count - start }

    /// Calls `body` with the unread bytes.
    package func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span.extracting(start..<storage.count))
    }

    /// The unread bytes, copied out.
    package var bytes: [UInt8] { Array(storage[start...]) }

    package mutating func append(_ bytes: [UInt8]) {
        reclaim()
        storage.append(contentsOf: bytes)
    }

    package mutating func append(_ bytes: Span<UInt8>) {
        reclaim()
        storage.append(addingCapacity: bytes.count) { out in
            for index in bytes.indices { out.append(bytes[index]) }
        }
    }

    /// Lets `fill` append up to `capacity` bytes in place.
    package mutating func append<Result, Failure: Error>(
        upTo capacity: Int, _ fill: (inout OutputSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        reclaim()
        var result: Result?
        try storage.append(addingCapacity: capacity) { (out) throws(Failure) in result = try fill(&out) }
        return result!
    }

    /// Drops the first `count` unread bytes.
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start += count
        if start == storage.count {
            storage.removeAll(keepingCapacity: true)
            start = 0
        }
    }

    /// Drops everything, and gives the memory back.
    package mutating func release() {
        storage = []
        start = 0
    }

    private mutating func reclaim() {
        guard start > 0, start >= storage.count / 2 else { return }
        storage.removeFirst(start)
        start = 0
    }
}
