import Posix

/// Times and the slots that they are for, earliest first: a binary heap.
struct TimerHeap {
    private var entries: [(time: MonotonicTime, slot: UInt32)] = []

    var first: MonotonicTime? { entries.first?.time }
    var count: Int { entries.count }

    mutating func insert(_ time: MonotonicTime, _ slot: UInt32) {
        entries.append((time, slot))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].time <= entries[child].time { break }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes the earliest entry out. There must be one.
    mutating func removeFirst() -> UInt32 {
        let slot = entries[0].slot
        let last = entries.removeLast()
        if entries.isEmpty { return slot }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1, right = left + 1
            if left < entries.count, entries[left].time < entries[least].time { least = left }
            if right < entries.count, entries[right].time < entries[least].time { least = right }
            if least == parent { return slot }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
