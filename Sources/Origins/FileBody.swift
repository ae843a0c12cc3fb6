import HTTP
import Posix
import Reactor

/// A part of an open file, read as it is asked for: on the loop's thread what is in memory, by a thread beside it what
/// the disk has to bring.
///
/// A file that has become another since it was opened fails before its last byte: what was read of it may be of both.
final class FileBody: BodySource {
    let length: Int?
    weak var consumer: (any BodyConsumer)?

    private var file: OpenFile?
    private let readers: FileReaders
    private var position: Int
    private let end: Int
    private var state = State.ready

    private enum State {
        /// To be read from the cache.
        case ready
        /// The disk has been asked.
        case reading(FileReaders.Call, isAwaited: Bool)
        /// What the disk has brought, from `start` on.
        case brought([UInt8], start: Int)
        case failed(BodyFailure)
    }

    /// How much a thread reads at a time, in bytes: as much as is asked for, but for these. Many bodies of one client may
    /// be held up, and each keeps what was brought.
    private static let pieceSizes = 4 << 10...64 << 10

    init(_ file: OpenFile, range: Range<Int>, readers: FileReaders) {
        self.file = file
        self.readers = readers
        position = range.lowerBound
        end = range.upperBound
        length = range.count
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        let before = out.count
        while position < end, out.freeCapacity > 0 {
            switch state {
            case .failed(let failure): return .failed(failure)
            case .reading(let call, _):
                if out.count > before { return .bytes }
                state = .reading(call, isAwaited: true)
                return .wait
            case .brought(let bytes, let start):
                let count = min(bytes.count - start, out.freeCapacity)
                for index in start..<start + count { out.append(bytes[index]) }
                position += count
                state = start + count == bytes.count ? .ready : .brought(bytes, start: start + count)
            case .ready:
                guard let file else { return .failed(.disconnected) }
                switch file.descriptor.readIfCached(into: &out, at: position, limit: end - position) {
                case .bytes(let count): position += count
                case .wouldBlock: ask(file, for: out.freeCapacity)
                case .end: return fail(.malformed)
                case .failed: return fail(.disconnected)
                }
            }
        }
        guard position < end else { return finish(&out, since: before) }
        return .bytes
    }

    func cancel() {
        if case .reading(let call, _) = state { call.cancel() }
        state = .failed(.disconnected)
        file = nil
    }

    private func finish(_ out: inout OutputSpan<UInt8>, since before: Int) -> BodyRead {
        if case .failed(let failure) = state { return .failed(failure) }
        if let file, !file.isUnchanged {
            // The last of it stays here, so that nobody can take it for the whole.
            out.removeLast(out.count - before)
            return fail(.malformed)
        }
        file = nil
        return .end
    }

    private func ask(_ file: OpenFile, for room: Int) {
        let sizes = Self.pieceSizes
        let position = position, count = min(end - position, max(sizes.lowerBound, min(room, sizes.upperBound)))
        let call = readers.call({ Self.read(file, at: position, count) }) { [self] answer in
            guard case .reading(_, let isAwaited) = state else { return }
            switch answer {
            case .value(.bytes(let bytes)): state = .brought(bytes, start: 0)
            case .value(.failed(let failure)): _ = fail(failure)
            case .timedOut: _ = fail(.timedOut)
            }
            if isAwaited { consumer?.bodyIsReady() }
        }
        state = .reading(call, isAwaited: false)
    }

    private enum Piece: Sendable {
        case bytes([UInt8])
        case failed(BodyFailure)
    }

    /// On a thread that may wait.
    private static func read(_ file: OpenFile, at position: Int, _ count: Int) -> Piece {
        var bytes: [UInt8] = []
        var result = IOResult.end
        bytes.append(addingCapacity: count) { (out: inout OutputSpan<UInt8>) in
            result = file.descriptor.read(into: &out, at: position, limit: count)
        }
        return switch result {
        case .bytes: .bytes(bytes)
        case .end: .failed(.malformed)
        case .wouldBlock, .failed: .failed(.disconnected)
        }
    }

    private func fail(_ failure: BodyFailure) -> BodyRead {
        state = .failed(failure)
        file = nil
        return .failed(failure)
    }
}
