import Synchronization

/// What became of one attempt to write.
package enum LogWrite: Sendable, Equatable {
    /// This many bytes were taken, one at least.
    case wrote(Int)
    /// None was: the reader is slow. Ask again later.
    case wouldBlock
    /// None was, and none of these will be: the disk is full, or the reader has gone.
    case failed
}

/// Where log bytes go: one `write(2)` that must not block. Postern's module for system calls has the
/// real ones.
package protocol LogDescriptor: Sendable {
    func write(_ bytes: Span<UInt8>) -> LogWrite
}

/// A descriptor that several threads write whole lines to.
///
/// A line once begun is finished before another starts. What a slow reader does not take is kept up
/// to `capacity` bytes; beyond that whole lines are dropped and counted, for the daemon serves on.
package final class LogSink: Sendable {
    private struct State {
        var descriptor: any LogDescriptor
        /// Unwritten bytes; where `isMidLine`, they begin inside a line.
        var pending: [UInt8] = []
        var isMidLine = false
        /// A line broke off for good; its line feed comes before anything else.
        var owesLineFeed = false
        var dropped: UInt64 = 0
    }

    private let state: Mutex<State>
    private let capacity: Int
    /// Its lines are `JournalEntry`'s, whatever the format.
    let takesEntries: Bool

    package init(_ descriptor: any LogDescriptor, capacity: Int = 256 * 1024, takesEntries: Bool = false) {
        self.takesEntries = takesEntries
        state = Mutex(State(descriptor: descriptor))
        self.capacity = capacity
    }

    /// Lines that never came out.
    package var droppedLines: UInt64 { state.withLock { $0.dropped } }

    /// Writes `lines`: any number of whole lines, each with its line feed.
    package func write(_ lines: Span<UInt8>) {
        guard !lines.isEmpty else { return }
        state.withLock { state in
            Self.drain(&state)
            guard state.pending.isEmpty, !state.owesLineFeed else { return keep(lines, &state) }
            var rest = lines
            while !rest.isEmpty {
                switch state.descriptor.write(rest) {
                case .wrote(let count):
                    let taken = min(max(count, 1), rest.count)
                    state.isMidLine = rest[taken - 1] != 0x0A
                    rest = rest.extracting(taken..<rest.count)
                case .wouldBlock:
                    return keep(rest, &state)
                case .failed:
                    return Self.drop(rest, &state)
                }
            }
        }
    }

    package func write(_ lines: [UInt8]) { write(lines.span) }

    /// Tries again what a slow reader left; true when nothing is left.
    @discardableResult
    package func flush() -> Bool {
        state.withLock { state in
            Self.drain(&state)
            return state.pending.isEmpty && !state.owesLineFeed
        }
    }

    /// Goes on with another descriptor: the file was rotated. The old one is closed when nothing
    /// holds it any longer.
    package func replace(_ descriptor: any LogDescriptor) {
        state.withLock { state in
            Self.drain(&state)
            if state.isMidLine { Self.forgetLine(&state) }
            state.owesLineFeed = false
            state.descriptor = descriptor
        }
    }

    private static func drain(_ state: inout State) {
        if state.owesLineFeed {
            guard case .wrote = state.descriptor.write([0x0A].span) else { return }
            state.owesLineFeed = false
        }
        var sent = 0
        loop: while sent < state.pending.count {
            switch state.descriptor.write(state.pending.span.extracting(sent..<state.pending.count)) {
            case .wrote(let count):
                sent = min(sent + max(count, 1), state.pending.count)
                state.isMidLine = state.pending[sent - 1] != 0x0A
            case .wouldBlock:
                break loop
            case .failed:
                let lost = state.pending[sent...]
                drop(lost.span, &state)
                sent = state.pending.count
            }
        }
        state.pending.removeFirst(sent)
    }

    /// Drops the rest of a line that was begun on another descriptor.
    private static func forgetLine(_ state: inout State) {
        if let end = state.pending.firstIndex(of: 0x0A) {
            state.pending.removeSubrange(...end)
            state.dropped += 1
        }
        state.isMidLine = false
    }

    /// Keeps what fits, by whole lines; the rest of a line that is already half out always fits.
    private func keep(_ lines: Span<UInt8>, _ state: inout State) {
        var start = 0
        var mustFinish = state.isMidLine && state.pending.isEmpty
        for index in lines.indices where lines[index] == 0x0A {
            let length = index + 1 - start
            if mustFinish || state.pending.count + length <= capacity {
                for position in start...index { state.pending.append(lines[position]) }
            } else {
                state.dropped += 1
            }
            mustFinish = false
            start = index + 1
        }
    }

    private static func drop(_ lines: Span<UInt8>, _ state: inout State) {
        if state.isMidLine {
            state.isMidLine = false
            state.owesLineFeed = true
        }
        for index in lines.indices where lines[index] == 0x0A { state.dropped += 1 }
    }
}
