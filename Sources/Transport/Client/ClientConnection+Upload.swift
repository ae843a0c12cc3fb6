import HTTP

/// A request's content, from its source to the server: nothing is read that the server has not made room for.
extension ClientConnection: BodyConsumer {
    /// How much is read of the source before it is sent, in bytes.
    private static let pieceSize = 32 << 10
    /// How much goes out in one turn of the loop.
    private static let turnSize = 512 << 10
    /// What stands before a chunk: its size in four digits, and CRLF.
    private static let chunkHead = 6

    func bodyIsReady() {
        guard let current else { return }
        sendMore(of: current)
    }

    /// Sends what there is to send of the request, until the socket takes no more, or its content has to come first.
    func sendMore(of call: ClientCall) {
        if isBroken { return }
        var room = Self.turnSize
        while !isBroken {
            if isBlocked {
                let before = outputSent
                send()
                if isBlocked { return outputSent > before ? waitForRoom() : () }
                if call.upload == nil, !isBroken { return waitForHead() }
            }
            guard call.upload != nil, !isBroken else { break }
            let taken = take(from: call)
            guard current === call else { return }
            if case .failed(let failure) = taken { return failUpload(call, failure) }
            room -= output.count
            send()
            if isBlocked { return waitForRoom() }
            switch taken {
            case .some: if room <= 0, !isBroken { return again() }
            case .nothing: if !isBroken { return waitForContent() }
            case .all: if !isBroken { return waitForHead() }
            case .failed: return
            }
        }
        guard isBroken else { return }
        // Whatever the server wanted to say is here by now, and it wants no more.
        call.endUpload()
        again()
    }

    // While the head is waited for it is the request that has deadlines; behind it the response has its own.
    private func waitForRoom() { if isWaitingForHead { setDeadline(pool.limits.betweenBytesTime) } }
    private func waitForContent() { if isWaitingForHead { clearDeadline() } }
    private func waitForHead() { if isWaitingForHead { setDeadline(pool.limits.firstByteTime) } }

    private enum Taken {
        case some, nothing, all
        case failed(BodyFailure)
    }

    /// Puts a piece of the content behind the output.
    private func take(from call: ClientCall) -> Taken {
        guard let source = call.upload else { return .all }
        let isChunked = source.length == nil
        // The source may end this connection: what it fills is nobody else's meanwhile.
        if outputSent == output.count {
            output.removeAll(keepingCapacity: true)
            outputSent = 0
        }
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        if isChunked { bytes.append(contentsOf: repeatElement(0, count: Self.chunkHead)) }
        let start = bytes.count
        let most = uploadRemaining == 0 ? 1 : min(Self.pieceSize, uploadRemaining ?? .max)
        var result = BodyRead.wait
        bytes.append(addingCapacity: most) { (out: inout OutputSpan<UInt8>) in
            result = source.read(into: &out)
        }
        let count = bytes.count - start
        if count > 0 { call.uploadHasBegun = true }
        if isChunked { Self.closeChunk(&bytes, from: start, count) }
        if let remaining = uploadRemaining {
            // What is longer or shorter than it was announced would be another request's beginning, or end.
            guard count <= remaining, result != .end || count == remaining else { return .failed(.malformed) }
            uploadRemaining = remaining - count
        }
        if result == .end, isChunked { HTTP1Serializer.appendLastChunk(to: &bytes) }
        guard current === call else { return .nothing }
        swap(&bytes, &output)
        switch result {
        case .bytes: return .some
        case .wait: return .nothing
        case .end:
            call.completeUpload()
            return .all
        case .failed(let failure): return .failed(failure)
        }
    }

    /// Writes the chunk's head into the room that was left for it.
    private static func closeChunk(_ bytes: inout [UInt8], from start: Int, _ count: Int) {
        guard count > 0 else { return bytes.removeSubrange(start - chunkHead..<start) }
        for place in 0..<4 {
            let digit = UInt8(truncatingIfNeeded: count >> (4 * (3 - place)) & 15)
            bytes[start - chunkHead + place] = digit < 10 ? 0x30 + digit : 0x57 + digit
        }
        bytes[start - 2] = 0x0D
        bytes[start - 1] = 0x0A
        HTTP1Serializer.appendChunkEnd(to: &bytes)
    }

    /// The request cannot be completed: the connection ends, so that the server does not take what it has for all of it.
    private func failUpload(_ call: ClientCall, _ failure: BodyFailure) {
        if case .receiving = call.state {
            let wasAwaited = consumerWaits
            _ = failBody(call, failure)
            if wasAwaited { call.consumer?.bodyIsReady() }
        } else {
            close()
            call.fail(.upload(failure))
        }
    }
}
