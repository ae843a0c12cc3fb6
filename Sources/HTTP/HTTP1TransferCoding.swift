/// What a message's one `Transfer-Encoding` line says (RFC 9112 section 6.1). Only `chunked`, alone, is spoken.
enum HTTP1TransferCoding: Sendable {
    case absent
    case chunked
    case refused(HTTP1Error)

    init(_ value: Span<UInt8>) {
        if value.spells("chunked") {
            self = .chunked
        } else if ["gzip", "x-gzip", "deflate", "compress", "x-compress"].contains(where: { value.spells($0) }) {
            self = .refused(.unknownTransferCoding)
        } else {
            self = .refused(.transferEncoding)
        }
    }
}
