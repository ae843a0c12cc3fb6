import Bytes

/// Takes a chunked body apart (RFC 9112 section 7.1).
///
///     size [extensions] CRLF  data CRLF  ...  0 [extensions] CRLF  trailers CRLF
///
/// Sizes are 1 to 16 hexadecimal digits that fit 63 bits. Extensions follow the grammar without white space,
/// mean nothing here, and count against a limit. Trailers are checked and dropped; one that would
/// mean something in a head is refused.
struct HTTP1ChunkedDecoder: Sendable {
    enum Outcome {
        case needMore
        case body(Range<Int>)
        case end
        case failed(HTTP1Error)
    }

    private enum State {
        case size
        case data(remaining: Int)
        case dataEnd
        case dataLineFeed
        case trailers
    }

    private let limits: HTTP1Limits
    private var state = State.size
    private var line = HTTP1LineScanner()
    private var overhead = 0
    private var trailersSize = 0
    private var trailerCount = 0

    init(limits: HTTP1Limits) { self.limits = limits }

    /// Takes what it can from `position` on, and moves `position` behind it.
    mutating func next(_ input: Span<UInt8>, _ position: inout Int) -> Outcome {
        while true {
            switch state {
            case .size:
                guard Self.canBeSize(input.extracting(position..<input.count)) else { return .failed(.chunk) }
                switch line.find(in: input, from: position, limit: limits.chunkLine) {
                case .incomplete: return .needMore
                case .tooLong: return .failed(.chunkOverhead)
                case .failed(let error): return .failed(error)
                case .line(let end):
                    guard let size = Self.size(input.extracting(position..<end)) else { return .failed(.chunk) }
                    let cost = end - position + 4 - 16
                    overhead = max(0, overhead + cost - 2 * min(size, 1 << 20))
                    guard overhead <= limits.chunkOverhead else { return .failed(.chunkOverhead) }
                    position = end + 2
                    state = size == 0 ? .trailers : .data(remaining: size)
                }
            case .data(let remaining):
                let take = min(remaining, input.count - position)
                guard take > 0 else { return .needMore }
                state = take == remaining ? .dataEnd : .data(remaining: remaining - take)
                position += take
                return .body(position - take..<position)
            case .dataEnd:
                guard position < input.count else { return .needMore }
                guard input[position] == 0x0D else { return .failed(.chunk) }
                position += 1
                state = .dataLineFeed
            case .dataLineFeed:
                guard position < input.count else { return .needMore }
                guard input[position] == 0x0A else { return .failed(.chunk) }
                position += 1
                state = .size
            case .trailers:
                switch line.find(in: input, from: position, limit: limits.trailersSize - trailersSize) {
                case .incomplete: return .needMore
                case .tooLong: return .failed(.trailersTooLarge)
                case .failed(let error): return .failed(error)
                case .line(let end):
                    let bounds = position..<end
                    position = end + 2
                    if bounds.isEmpty { return .end }
                    trailersSize += bounds.count + 2
                    trailerCount += 1
                    guard trailersSize <= limits.trailersSize, trailerCount <= limits.fieldCount else {
                        return .failed(.trailersTooLarge)
                    }
                    guard let field = try? HTTP1FieldLine(input, bounds),
                        !Self.isForbidden(input.extracting(field.name))
                    else { return .failed(.trailer) }
                }
            }
        }
    }

    /// Whether a chunk line can begin so: told before the line has ended, so that nobody waits for its end. A
    /// control byte is the line scanner's to refuse.
    private static func canBeSize(_ input: Span<UInt8>) -> Bool {
        var index = 0
        while index < input.count, Hex.value(input[index]) != nil {
            index += 1
            guard index <= 16 else { return false }
        }
        guard index < input.count, !ByteClass.isControl(input[index]) else { return true }
        return index > 0 && input[index] == 0x3B
    }

    /// The size that a chunk line of at most 16 digits names, or nil where the line is malformed.
    private static func size(_ line: Span<UInt8>) -> Int? {
        var value: UInt64 = 0
        var index = 0
        while index < line.count, let digit = Hex.value(line[index]) {
            value = value << 4 | UInt64(digit)
            index += 1
        }
        guard index > 0, value <= UInt64(Int.max) else { return nil }
        guard index == line.count || areExtensions(line.extracting(index..<line.count)) else { return nil }
        return Int(value)
    }

    /// `*( ";" token [ "=" ( token / quoted-string ) ] )` (RFC 9112 section 7.1.1, less its bad white space).
    private static func areExtensions(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        func token() -> Bool {
            let start = index
            while index < bytes.count, ByteClass.isToken(bytes[index]) { index += 1 }
            return index > start
        }
        while index < bytes.count {
            guard bytes[index] == 0x3B else { return false }
            index += 1
            guard token() else { return false }
            guard index < bytes.count, bytes[index] == 0x3D else { continue }
            index += 1
            guard index < bytes.count, bytes[index] == 0x22 else {
                guard token() else { return false }
                continue
            }
            index += 1
            while index < bytes.count, bytes[index] != 0x22 { index += bytes[index] == 0x5C ? 2 : 1 }
            guard index < bytes.count else { return false }
            index += 1
        }
        return true
    }

    /// Fields that must not come as trailers (RFC 9110 section 6.5.1): framing, routing, authentication,
    /// request modifiers, content format.
    private static func isForbidden(_ name: Span<UInt8>) -> Bool {
        EndToEndField.contains(name) || name.spells("connection") || name.spells("te") || name.spells("trailer")
            || name.spells("set-cookie") || name.spells("upgrade") || name.spells("keep-alive")
    }
}
