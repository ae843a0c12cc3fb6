/// Requests that wait for a connection, in order. To come and to leave costs the same wherever somebody stands: whoever
/// has a hundred streams may take them all back at once.
struct WaitingLine {
    private var places: [ClientCall?] = []
    /// Where in `places` the first stands; nobody is before it.
    private var front = 0
    /// The number of the place at index 0.
    private var base = 0
    private(set) var count = 0
    /// What those who wait hold, in bytes.
    private(set) var size = 0

    var isEmpty: Bool { count == 0 }
    var first: ClientCall? { isEmpty ? nil : places[front] }

    mutating func append(_ call: ClientCall) {
        if places.count - front > 2 * count + 64 { closeGaps() }
        call.place = base + places.count
        places.append(call)
        count += 1
        size += call.size
    }

    mutating func popFirst() -> ClientCall? {
        guard let call = first else { return nil }
        remove(call)
        return call
    }

    /// - Parameter call: stands in this line.
    mutating func remove(_ call: ClientCall) {
        let index = call.place - base
        precondition(places[index] === call, "a request leaves a line that it does not stand in")
        places[index] = nil
        count -= 1
        size -= call.size
        if isEmpty {
            base += places.count
            places.removeAll(keepingCapacity: places.count <= 64)
            front = 0
            return
        }
        while places[front] == nil { front += 1 }
        guard front > 64, front * 2 > places.count else { return }
        places.removeFirst(front)
        base += front
        front = 0
    }

    private mutating func closeGaps() {
        base += places.count
        places = places.filter { $0 != nil }
        front = 0
        for (index, call) in places.enumerated() { call?.place = base + index }
    }
}
