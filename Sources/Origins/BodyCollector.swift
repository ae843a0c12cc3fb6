import HTTP
import Posix
import Reactor

/// Reads the beginning of a body, up to its end where that is near: one that goes no further, so that its connection can
/// be used again, or one that has to be looked at first.
///
/// It keeps itself alive until it is through.
final class BodyCollector: BodyConsumer {
    /// So many bytes are read.
    static let limit = S3ErrorDocument.maximumLength
    /// Nor is waited longer for the end.
    static let patience = Nanoseconds.seconds(2)

    private let source: any BodySource
    private let loop: EventLoop
    private var timer: TimerToken?
    private var done: (([UInt8], (any BodySource)?) -> Void)?
    private var bytes: [UInt8] = []
    private var keeper: BodyCollector?

    /// - Parameter done: called once, unless cancelled, with what was read, and with the rest where that is not all: to be
    ///   read on, or cancelled.
    init(_ source: any BodySource, loop: EventLoop, _ done: @escaping ([UInt8], (any BodySource)?) -> Void) {
        self.source = source
        self.loop = loop
        self.done = done
    }

    /// Has a body that nobody wants read or, where it is long, cancelled.
    static func discard(_ source: any BodySource, loop: EventLoop) {
        if let length = source.length, length > limit { return source.cancel() }
        // Mostly there is nothing to read but the end.
        var some: [UInt8] = []
        var result = BodyRead.wait
        some.append(addingCapacity: 32) { (out: inout OutputSpan<UInt8>) in result = source.read(into: &out) }
        if result == .bytes || result == .wait {
            BodyCollector(source, loop: loop) { _, rest in rest?.cancel() }.start()
        }
    }

    func start() {
        keeper = self
        source.consumer = self
        bodyIsReady()
    }

    func cancel() {
        guard done != nil else { return }
        done = nil
        source.cancel()
        letGo()
    }

    func bodyIsReady() {
        while done != nil {
            var result = BodyRead.wait
            bytes.append(addingCapacity: 4096) { (out: inout OutputSpan<UInt8>) in result = source.read(into: &out) }
            switch result {
            case .bytes:
                if bytes.count >= Self.limit { finish(rest: source) }
            case .wait:
                if timer == nil { timer = loop.schedule(after: Self.patience) { [self] in finish(rest: source) } }
                return
            case .end: finish(rest: nil)
            case .failed: finish(rest: source)
            }
        }
    }

    private func finish(rest: (any BodySource)?) {
        let done = done
        self.done = nil
        letGo()
        done?(bytes, rest)
    }

    private func letGo() {
        if let timer { loop.cancel(timer) }
        timer = nil
        keeper = nil
    }
}

/// A body whose beginning was read before somebody wanted it.
final class CollectedBody: BodySource {
    let length: Int?
    weak var consumer: (any BodyConsumer)? {
        didSet { rest?.consumer = consumer }
    }
    private var beginning: ArraySlice<UInt8>
    private let rest: (any BodySource)?

    init(_ beginning: [UInt8], rest: (any BodySource)?, length: Int?) {
        self.beginning = beginning[...]
        self.rest = rest
        self.length = length
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        guard beginning.isEmpty else {
            let count = min(beginning.count, out.freeCapacity)
            for byte in beginning.prefix(count) { out.append(byte) }
            beginning = beginning.dropFirst(count)
            return .bytes
        }
        return rest?.read(into: &out) ?? .end
    }

    func cancel() {
        beginning = []
        rest?.cancel()
    }
}
