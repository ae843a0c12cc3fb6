import Bytes
import HTTP
import Origins

/// The text of an input; what is not UTF-8 is not asked about, for no caller has it.
func text(_ input: [UInt8]) -> String? { String(validating: input, as: UTF8.self) }

private func isUnsafe(_ segment: String) -> Bool {
    segment.isEmpty || segment == "." || segment == ".."
        || segment.utf8.contains { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 || $0 == 0x7F }
}

/// A target names one key, and the key's spelling names the target again.
@Sendable func fuzzTarget(_ input: [UInt8]) {
    guard let value = text(input) else { return }
    checkAuthority(value)
    guard let target = try? RequestTarget(value) else { return }
    expect(target.path + (target.query.map { "?" + $0 } ?? "") == value, "path and query are the target")
    expect(!target.segments.contains(where: isUnsafe), "no segment that another reader takes for another: \(value)")
    expect(value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a target is visible ASCII")

    let encoded = PercentCoding.encode(target.decodedPath, keepingSlashes: true)
    guard let again = try? RequestTarget(encoded) else { fatalError("the path encoded anew is no path: \(encoded)") }
    expect(again.segments == target.segments && again.isDirectory == target.isDirectory, "the same path: \(encoded)")

    guard let escaped = try? RequestTarget(target.escaped) else { fatalError("no target: \(target.escaped)") }
    expect(escaped.path == target.path && escaped.segments == target.segments, "escaping leaves the path")
    expect((escaped.query == nil) == (target.query == nil), "escaping keeps the query")
    if let query = target.query, let plain = PercentCoding.decode(query.utf8) {
        expect(escaped.query.flatMap { PercentCoding.decode($0.utf8) } == plain, "escaping keeps what the query says")
    }
    checkKey(target)
}

private func checkKey(_ target: RequestTarget) {
    // Byte by byte: a segment may begin with a combining mark, and be one character with the slash before it.
    let key = String(decoding: target.decodedPath.utf8.dropFirst(), as: UTF8.self)
    let isObject = ObjectKey.namesObject(key)
    expect(isObject == (!target.segments.isEmpty && !target.isDirectory && key.utf8.count <= 1024), "what is a key")
    var out: [UInt8] = [0x2F]
    ObjectKey.appendEncoded(key, to: &out)
    expect(
        String(decoding: out, as: UTF8.self) == PercentCoding.encode("/" + key, keepingSlashes: true),
        "the key is encoded as the signature has it")
}

private func checkAuthority(_ value: String) {
    guard let authority = Authority(value) else { return }
    expect(authority.description == value.lowercased(), "an authority is what was written, in lower case")
    expect(Authority(authority.description) == authority, "and is one")
    expect(authority.description.hasPrefix(authority.host) && !authority.host.isEmpty, "a host")
    expect(authority.port.map { (1...65535).contains($0) } ?? true, "a port")
    expect(!value.utf8.contains { $0 == 0x40 || $0 == 0x2F || $0 == 0x25 || $0 <= 0x20 }, "nothing but a host")
}

// MARK: Return targets

/// What a browser makes of a `Location` on a page of the site (URL Standard, as far as it matters here): nil for
/// another host, else the segments of the path.
private func asABrowser(_ location: [UInt8]) -> [[UInt8]]? {
    var bytes = location[...]
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    var url = bytes.filter { $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if let end = url.firstIndex(where: { $0 == 0x23 || $0 == 0x3F }) { url.removeSubrange(end...) }
    url = url.map { $0 == 0x5C ? 0x2F : $0 }
    guard url.first == 0x2F, !(url.count > 1 && url[1] == 0x2F) else { return nil }
    var segments: [[UInt8]] = []
    for segment in url.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false) {
        switch String(decoding: segment, as: UTF8.self).lowercased() {
        case ".", "%2e": continue
        case "..", ".%2e", "%2e.", "%2e%2e": _ = segments.popLast()
        default: segments.append(Array(segment))
        }
    }
    return segments
}

/// As lenient as decoders come: a `%` without digits stays.
private func decodedLeniently(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == 0x25, index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
            let low = Hex.value(bytes[index + 2])
        {
            out.append(high << 4 | low)
            index += 3
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return out
}

/// A return target stays on the site, out of the gateway's own pages, and can end no line of a header.
@Sendable func fuzzReturnTarget(_ input: [UInt8]) {
    guard let value = text(input) else { return }
    let valid = ReturnTarget.validated(value, reservedPrefix: "/.auth/")
    guard let valid else { return }
    expect(valid == value && ReturnTarget.validated(valid, reservedPrefix: "/.auth/") == valid, "taken as it is")
    expect(value.utf8.count <= 2048 && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "visible ASCII, and bounded")
    var bytes = Array(value.utf8)
    for round in 0...3 {
        guard let segments = asABrowser(bytes) else { fatalError("another host after \(round) decodings: \(value)") }
        if round == 0, let first = segments.first {
            let name = String(decoding: decodedLeniently(first), as: UTF8.self).lowercased()
            expect(name != ".auth", "one of the gateway's own pages: \(value)")
        }
        bytes = decodedLeniently(bytes)
    }
}
