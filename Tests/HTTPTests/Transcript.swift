import HTTP
import Testing

/// What a parser said about some bytes, however they were cut: the same for every cut, or the parser is wrong.
struct Transcript: Equatable, CustomStringConvertible {
    var heads: [String] = []
    var interim: [Int] = []
    var bodies: [String] = []
    var ends = 0
    var error: HTTP1Error?
    /// Bytes that were given and not consumed.
    var rest = 0

    var description: String {
        "heads \(heads), interim \(interim), bodies \(bodies), ends \(ends), error \(error.map { "\($0)" } ?? "-"), rest \(rest)"
    }

    static func describe(_ fields: Fields) -> String {
        (0..<fields.count).map { " \(fields.name(at: $0))=\(fields.value(at: $0))" }.joined()
    }

    /// Feeds `bytes` in the pieces that `cuts` (ascending offsets) makes of it.
    static func ofRequests(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTP1Limits = HTTP1Limits()) -> Transcript {
        var parser = HTTP1RequestParser(limits: limits)
        var transcript = Transcript()
        var unread: [UInt8] = []
        var body: [UInt8] = []
        var fed = 0
        for cut in cuts + [bytes.count] {
            unread += bytes[fed..<cut]
            fed = cut
            while true {
                let (consumed, event) = parser.next(unread.span)
                switch event {
                case .head(let request):
                    transcript.heads.append(
                        "\(request.method) \(request.target) \(request.authority) \(request.version.rawValue)"
                            + " \(request.framing) keepAlive=\(parser.keepAlive) continue=\(parser.expectsContinue)"
                            + describe(request.fields))
                case .body(let range):
                    body += unread[range]
                case .end:
                    transcript.bodies.append(String(decoding: body, as: UTF8.self))
                    body = []
                    transcript.ends += 1
                case .failed(let error):
                    transcript.error = error
                    return transcript
                case .needMore: break
                }
                unread.removeFirst(consumed)
                if case .needMore = event { break }
            }
        }
        transcript.rest = unread.count
        return transcript
    }

    /// As `ofRequests`; each response answers the next of `methods`. What follows the last is left unread.
    static func ofResponses(
        _ bytes: [UInt8], cuts: [Int] = [], to methods: [Method] = [.get], closing: Bool = false,
        limits: HTTP1Limits = HTTP1Limits()
    ) -> Transcript {
        var parser = HTTP1ResponseParser(limits: limits)
        var transcript = Transcript()
        var unread: [UInt8] = []
        var body: [UInt8] = []
        var fed = 0
        var methods = methods[...]
        parser.begin(requestMethod: methods.removeFirst())
        feeding: for cut in cuts + [bytes.count] {
            unread += bytes[fed..<cut]
            fed = cut
            while true {
                let (consumed, event) = parser.next(unread.span)
                switch event {
                case .head(let head):
                    transcript.heads.append(
                        "\(head.version.rawValue) \(head.status) length=\(head.length.map(String.init) ?? "-")"
                            + " keepAlive=\(head.keepAlive)" + describe(head.fields))
                case .interim(let status): transcript.interim.append(status)
                case .body(let range): body += unread[range]
                case .end:
                    transcript.bodies.append(String(decoding: body, as: UTF8.self))
                    body = []
                    transcript.ends += 1
                    unread.removeFirst(consumed)
                    guard let next = methods.popFirst() else {
                        transcript.rest = unread.count + bytes.count - fed
                        return transcript
                    }
                    parser.begin(requestMethod: next)
                    continue
                case .failed(let error):
                    transcript.error = error
                    return transcript
                case .needMore: break
                }
                unread.removeFirst(consumed)
                if case .needMore = event { break }
            }
        }
        if closing, case .failed(let error) = parser.endOfInput() { transcript.error = error }
        transcript.rest = unread.count
        return transcript
    }

    /// Reads `bytes` whole, byte by byte, and cut in two at every offset, and expects the same each time.
    static func ofEveryCut(_ bytes: [UInt8], _ read: ([UInt8], [Int]) -> Transcript) -> Transcript {
        let whole = read(bytes, [])
        #expect(read(bytes, Array(1..<max(1, bytes.count))) == whole, "byte by byte")
        for cut in 0..<bytes.count {
            let cutInTwo = read(bytes, [cut])
            guard cutInTwo != whole else { continue }
            Issue.record("cut at \(cut): \(cutInTwo), whole: \(whole)")
            break
        }
        return whole
    }

    static func ofRequestsEveryCut(_ text: String, limits: HTTP1Limits = HTTP1Limits()) -> Transcript {
        ofEveryCut(Array(text.utf8)) { ofRequests($0, cuts: $1, limits: limits) }
    }

    static func ofResponsesEveryCut(
        _ text: String, to methods: [Method] = [.get], closing: Bool = false, limits: HTTP1Limits = HTTP1Limits()
    ) -> Transcript {
        ofEveryCut(Array(text.utf8)) { ofResponses($0, cuts: $1, to: methods, closing: closing, limits: limits) }
    }
}
