import Deflate
import HTTP
import Reactor

/// A body, compressed as it is pulled: of the source no more is read than the client's room asks for, and what fits into
/// zlib's window.
final class CompressedBody: BodySource, BodyConsumer {
    /// Bytes that are asked of the source at a time.
    static let inputSize = 16 << 10
    /// So many bytes are compressed, then others have their turn: about half a millisecond's work.
    static let inputPerTurn = 32 << 10

    let length: Int? = nil
    weak var consumer: (any BodyConsumer)?

    private let source: any BodySource
    private let loop: EventLoop
    private let budget: CompressionBudget
    /// nil once it is over.
    private var encoder: GzipEncoder?
    private var input: [UInt8] = []
    private var position = 0
    private var sourceHasEnded = false
    /// What was compressed since others had their turn.
    private var spent = 0
    private var isResting = false
    /// The consumer was told to wait for the next turn.
    private var owesCall = false

    /// - Parameters:
    ///   - source: its consumer is this body from now on.
    ///   - budget: one of its places must have been taken for this body, which gives it back.
    init(_ source: any BodySource, loop: EventLoop, budget: CompressionBudget) {
        self.source = source
        self.loop = loop
        self.budget = budget
        encoder = GzipEncoder(length: source.length)
        source.consumer = self
    }

    deinit { finish() }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        let before = out.count
        while let encoder, out.freeCapacity > 0 {
            if position == input.count, !sourceHasEnded {
                switch refill() {
                case .bytes: break
                case .end: sourceHasEnded = true
                case .wait: return out.count > before ? .bytes : .wait
                case .failed(let failure):
                    finish()
                    return .failed(failure)
                }
            }
            if encoder.encode(input, from: &position, isLast: sourceHasEnded, into: &out) {
                finish()
                return .end
            }
        }
        return encoder == nil ? .failed(.disconnected) : .bytes
    }

    func cancel() {
        guard encoder != nil else { return }
        source.cancel()
        finish()
    }

    func bodyIsReady() { consumer?.bodyIsReady() }

    private func refill() -> BodyRead {
        if spent >= Self.inputPerTurn { rest() }
        guard !isResting else {
            owesCall = true
            return .wait
        }
        input.removeAll(keepingCapacity: true)
        position = 0
        var result = BodyRead.wait
        input.append(addingCapacity: Self.inputSize) { (room: inout OutputSpan<UInt8>) in
            result = source.read(into: &room)
        }
        spent += input.count
        return result
    }

    private func rest() {
        guard !isResting else { return }
        isResting = true
        spent = 0
        loop.defer { [weak self] in
            guard let self else { return }
            isResting = false
            guard owesCall else { return }
            owesCall = false
            consumer?.bodyIsReady()
        }
    }

    private func finish() {
        guard encoder != nil else { return }
        encoder = nil
        input = []
        position = 0
        budget.giveBack()
    }
}

/// How many answers of one worker may be under compression: each holds memory for as long as its client takes.
final class CompressionBudget {
    private(set) var free: Int

    init(limit: Int) { free = limit }

    /// Whether there was a place.
    func take() -> Bool {
        guard free > 0 else { return false }
        free -= 1
        return true
    }

    func giveBack() { free += 1 }
}
