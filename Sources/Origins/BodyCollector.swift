import HTTP
import Posix
import Reactor

/// Reads a body that goes no further, so that its connection can be used again, and keeps the
/// beginning of it. One that turns out long, or slow, is cancelled instead.
///
/// It keeps itself alive until it is through.
final class BodyCollector: BodyConsumer {
    /// A body beyond so many bytes is cancelled.
    static let limit = S3ErrorDocument.maximumLength
    /// One that has not ended by then is cancelled.
    static let patience = Nanoseconds.seconds(2)

    private let source: any BodySource
    private let loop: EventLoop
    private var timer: TimerToken?
    private var done: (([UInt8]) -> Void)?
    private var bytes: [UInt8] = []
    private var keeper: BodyCollector?

    /// - Parameter done: called once with what was read, all of the body or its beginning, unless cancelled.
    init(_ source: any BodySource, loop: EventLoop, _ done: @escaping ([UInt8]) -> Void) {
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
        if result == .bytes || result == .wait { BodyCollector(source, loop: loop) { _ in }.start() }
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
                if bytes.count >= Self.limit { cutShort() }
            case .wait:
                if timer == nil { timer = loop.schedule(after: Self.patience) { [self] in cutShort() } }
                return
            case .end, .failed: finish()
            }
        }
    }

    private func cutShort() {
        source.cancel()
        finish()
    }

    private func finish() {
        let done = done
        self.done = nil
        letGo()
        done?(bytes)
    }

    private func letGo() {
        if let timer { loop.cancel(timer) }
        timer = nil
        keeper = nil
    }
}
