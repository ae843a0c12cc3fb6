/// Fields that a `Connection` option must not name and that must not come as trailers: who drops
/// or adds them after the check would change who asks, for what, or where the message ends.
enum EndToEndField {
    static func contains(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: name.spells("host") || name.spells("date")
        case 5: name.spells("range")
        case 6: name.spells("cookie") || name.spells("expect") || name.spells("accept") || name.spells("origin")
        case 7: name.spells("referer")
        case 8: name.spells("if-range") || name.spells("if-match")
        case 9: name.spells("forwarded") || name.spells("x-real-ip")
        case 12: name.spells("content-type") || name.spells("max-forwards")
        case 13:
            name.spells("authorization") || name.spells("cache-control") || name.spells("if-none-match")
                || name.spells("content-range")
        case 14: name.spells("content-length")
        case 15: name.spells("x-forwarded-for")
        case 16: name.spells("x-forwarded-host") || name.spells("content-encoding")
        case 17:
            name.spells("transfer-encoding") || name.spells("x-forwarded-proto") || name.spells("if-modified-since")
        case 19: name.spells("if-unmodified-since") || name.spells("proxy-authorization")
        default: false
        }
    }
}
