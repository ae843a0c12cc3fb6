import HTTP
import Posix

/// A request on its way, and then its response's body.
package final class ClientCall {
    enum State {
        case waiting
        case sent(ClientConnection)
        case receiving(ClientConnection)
        /// All of the body was read; or the call ended otherwise, and a body reads as failed.
        case finished
        case failed(BodyFailure)
    }

    let request: ClientRequest
    let pool: ClientPool
    var enqueued: MonotonicTime
    /// The number of its place in the line.
    var place = -1
    /// Until the head has come.
    var handler: (any ClientResponseHandler)?
    var state = State.waiting {
        didSet {
            switch state {
            case .finished, .failed: endUpload()
            case .waiting, .sent, .receiving: break
            }
        }
    }
    /// The request's content, as long as there may be more of it to send.
    private(set) var upload: (any BodySource)?
    /// Some of the content has been taken from its source: the request cannot be sent a second time.
    var uploadHasBegun = false
    /// It goes over a new connection: it asked for that, or was sent on a kept one that turned out dead.
    var needsNewConnection: Bool
    package internal(set) var length: Int?
    package weak var consumer: (any BodyConsumer)?

    /// What is kept while it waits, in bytes, about.
    var size: Int { request.size + request.heldBytes }

    init(
        _ request: ClientRequest, upload: (any BodySource)?, pool: ClientPool, handler: any ClientResponseHandler,
        now: MonotonicTime
    ) {
        self.request = request
        self.upload = upload
        self.pool = pool
        self.handler = handler
        enqueued = now
        needsNewConnection = request.needsNewConnection
    }

    /// All of the content has been taken from its source.
    func completeUpload() { upload = nil }

    /// Nothing more of the content is wanted.
    func endUpload() {
        let upload = upload
        self.upload = nil
        upload?.cancel()
    }

    /// The response is not wanted any more, wherever it is. The handler hears nothing further. A connection that
    /// was waiting for it is closed. Does nothing once all has been read.
    package func cancel() {
        handler = nil
        switch state {
        case .waiting: pool.withdraw(self)
        case .sent(let connection), .receiving(let connection): connection.abandon()
        case .finished, .failed: return
        }
        state = .failed(.disconnected)
    }

    /// No response: tells the handler.
    func fail(_ error: ClientError) {
        state = .failed(.disconnected)
        let handler = handler
        self.handler = nil
        handler?.clientCall(self, failed: error)
    }
}

/// The body of its response.
extension ClientCall: BodySource {
    package func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        switch state {
        case .receiving(let connection): connection.readBody(into: &out, for: self)
        case .finished: .end
        case .failed(let failure): .failed(failure)
        case .waiting, .sent: preconditionFailure("a body is read before its head")
        }
    }
}
