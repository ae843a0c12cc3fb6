import HTTP

/// What is still to come of a response.
enum ResponseContent {
    /// There is no response yet.
    case nothing
    /// Nothing: all of it is in the output, or beyond.
    case complete
    /// The bytes from that position on.
    case bytes([UInt8], from: Int)
    case source(any BodySource, ContentFraming)
}

/// How a pulled body is marked off (RFC 9112 section 6).
enum ContentFraming {
    case length(remaining: Int)
    case chunked
    /// By the end of the connection, for a client that knows no chunks.
    case untilClose
}

/// The response: its head, then its content as the client takes it.
extension HTTP1Machine: ExchangeOwner, BodyConsumer {
    private enum Fill {
        /// All of the response is in the output.
        case complete
        /// There is more, and no room for it.
        case full
        /// The source has nothing now.
        case wait
        case failed
    }

    /// The longest chunk header, `FFFF` CRLF, and what follows the data: CRLF, and perhaps the last chunk.
    private static let chunkHead = 6
    private static let chunkTail = 2 + 5
    /// Less room than this is not worth asking a source for.
    private static let leastRoom = 512

    func respond(to exchange: Exchange, _ response: Response, body: ResponseBody) {
        precondition(exchange === self.exchange && phase == .handling)
        precondition(response.status >= 200 && response.status <= 599, "a final status")
        act {
            append(response, body, to: exchange)
            phase = .writing
        }
    }

    func bodyIsReady() {
        if phase == .writing { proceed() }
    }

    /// Puts the head into the output and decides on the framing (RFC 9112 section 6.3).
    private func append(_ response: Response, _ body: ResponseBody, to exchange: Exchange) {
        let status = response.status
        let isBare = status == 204 || status == 304
        let hasContent = !isBare && exchange.request.method != .head
        var framing = BodyFraming.none
        content = .complete
        switch body {
        case .empty:
            if !isBare { framing = .length(0) }
        case .omitted(let length):
            precondition(!hasContent, "an answer with content was left without it")
            if let length, status != 204 { framing = .length(length) }
        case .bytes(let bytes):
            if !isBare { framing = .length(bytes.count) }
            if hasContent, !bytes.isEmpty { content = .bytes(bytes, from: 0) }
        case .source(let source):
            if let length = source.length {
                if status != 204 { framing = .length(length) }
                if hasContent { content = .source(source, .length(remaining: length)) }
            } else if hasContent {
                if exchange.request.version == .http11 {
                    framing = .chunked
                    content = .source(source, .chunked)
                } else {
                    closesFor = closesFor ?? .finished
                    content = .source(source, .untilClose)
                }
            }
            if hasContent { source.consumer = self } else { source.cancel() }
        }
        if closesFor == nil, isDraining || !canDiscardBody(of: exchange.request) {
            closesFor = isDraining ? .drain : .finished
        }
        exchange.record.status = status
        HTTP1Serializer.appendResponse(
            response, framing: framing, date: server.date,
            connection: closesFor != nil ? .close : exchange.request.version == .http11 ? .none : .keepAlive,
            to: &output)
    }

    /// One step of sending. False where the client or the source must come first.
    func writeMore() -> Bool {
        switch fill() {
        case .complete:
            content = .complete
            // Responses to requests that are here already share a send.
            if position == input.count || closesFor != nil || output.count >= Server.outputSize / 2 { flush() }
            guard phase == .writing, !connection.isBlocked else { return false }
            finishExchange()
            return true
        case .full:
            flush()
            budget -= 7
            return phase == .writing
        case .wait:
            flush()
            return false
        case .failed:
            cut()
            return false
        }
    }

    private func fill() -> Fill {
        switch content {
        case .nothing: preconditionFailure("nothing to write")
        case .complete: return .complete
        case .bytes(let bytes, let start):
            let end = min(bytes.count, start + max(0, connection.outputSize - output.count))
            output.append(contentsOf: bytes[start..<end])
            exchange!.record.bytes += Int64(end - start)
            if end == bytes.count { return .complete }
            content = .bytes(bytes, from: end)
            return .full
        case .source(let source, let framing):
            switch framing {
            case .length(let remaining): return fill(from: source, length: remaining)
            case .chunked: return fillChunked(from: source)
            case .untilClose: return fillUntilClose(from: source)
            }
        }
    }

    private func fill(from source: any BodySource, length: Int) -> Fill {
        var remaining = length
        defer { if remaining != length { content = .source(source, .length(remaining: remaining)) } }
        while true {
            let room = connection.outputSize - output.count
            guard room >= Self.leastRoom else { return .full }
            // The last byte goes out only with the source's word that it is the last.
            let (count, result) = read(source, upTo: remaining == 0 ? 1 : min(room, remaining))
            guard count <= remaining else {
                source.cancel()
                output.removeAll(keepingCapacity: true)
                return .failed
            }
            remaining -= count
            exchange!.record.bytes += Int64(count)
            switch result {
            case .bytes: continue
            case .wait: return .wait
            case .end: return remaining == 0 ? .complete : .failed
            case .failed: return .failed
            }
        }
    }

    private func fillChunked(from source: any BodySource) -> Fill {
        while true {
            let room = min(connection.outputSize - output.count - Self.chunkHead - Self.chunkTail, 0xFFFF)
            guard room >= Self.leastRoom else { return .full }
            let start = output.count
            for _ in 0..<Self.chunkHead { output.append(0) }
            let (count, result) = read(source, upTo: room)
            closeChunk(from: start, count: count)
            exchange!.record.bytes += Int64(count)
            switch result {
            case .bytes: continue
            case .wait: return .wait
            case .end:
                output.append(contentsOf: [0x30, 0x0D, 0x0A, 0x0D, 0x0A])
                return .complete
            case .failed: return .failed
            }
        }
    }

    /// Writes the chunk's header into the room that was left for it, which shrinks where the size needs
    /// fewer digits.
    private func closeChunk(from start: Int, count: Int) {
        guard count > 0 else {
            output.removeSubrange(start...)
            return
        }
        let digits = (16 - (UInt16(count).leadingZeroBitCount) + 3) / 4
        if digits < 4 { output.removeSubrange(start..<start + 4 - digits) }
        for index in 0..<digits {
            let digit = UInt8(count >> (4 * (digits - 1 - index)) & 15)
            output[start + index] = digit < 10 ? 0x30 + digit : 0x57 + digit
        }
        output[start + digits] = 0x0D
        output[start + digits + 1] = 0x0A
        output.append(0x0D)
        output.append(0x0A)
    }

    private func fillUntilClose(from source: any BodySource) -> Fill {
        while true {
            let room = connection.outputSize - output.count
            guard room >= Self.leastRoom else { return .full }
            let (count, result) = read(source, upTo: room)
            exchange!.record.bytes += Int64(count)
            switch result {
            case .bytes: continue
            case .wait: return .wait
            case .end: return .complete
            case .failed: return .failed
            }
        }
    }

    private func read(_ source: any BodySource, upTo room: Int) -> (count: Int, result: BodyRead) {
        let before = output.count
        var result = BodyRead.wait
        output.append(addingCapacity: room) { (out: inout OutputSpan<UInt8>) in result = source.read(into: &out) }
        return (output.count - before, result)
    }

    /// The body cannot be finished: the connection ends so that nobody takes what was sent for all of it.
    private func cut() {
        if case .source(_, .untilClose) = content { connection.resetOnClose() } else { flush() }
        content = .nothing
        connection.close(.origin)
    }
}
