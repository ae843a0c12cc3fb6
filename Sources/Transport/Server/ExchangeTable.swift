/// Names one exchange of one worker: a place in its table, and how often that place has been used.
package struct ExchangeID: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    /// Resolves to nothing.
    package static let gone = ExchangeID(slot: .max, generation: 0)
}

/// The exchanges of one worker that somebody has asked the name of.
///
/// An answer that comes from a task or another thread finds its exchange here, or finds it gone. An exchange
/// that is answered at once never enters.
package final class ExchangeTable {
    private struct Slot {
        var exchange: Exchange?
        var generation: UInt32
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []

    package init() {}

    /// How many exchanges are named and open.
    package var count: Int { slots.count - free.count }

    /// The exchange, or nil where it is over.
    package subscript(id: ExchangeID) -> Exchange? {
        guard id.slot < slots.count, slots[Int(id.slot)].generation == id.generation else { return nil }
        return slots[Int(id.slot)].exchange
    }

    func insert(_ exchange: Exchange) -> ExchangeID {
        if let slot = free.popLast() {
            slots[Int(slot)].exchange = exchange
            return ExchangeID(slot: slot, generation: slots[Int(slot)].generation)
        }
        slots.append(Slot(exchange: exchange, generation: 1))
        return ExchangeID(slot: UInt32(slots.count - 1), generation: 1)
    }

    func remove(_ id: ExchangeID) {
        guard id.slot < slots.count, slots[Int(id.slot)].generation == id.generation else { return }
        slots[Int(id.slot)].exchange = nil
        slots[Int(id.slot)].generation &+= 1
        free.append(id.slot)
    }
}
