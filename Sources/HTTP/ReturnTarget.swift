import Bytes

/// Where a browser is sent after a sign-in: a path on the same site, or nothing.
///
/// A value is taken as it is or not at all. Neither a browser (which drops tabs and reads a backslash as a slash)
/// nor a program that decodes it once too often may see another host, another path or a header in it.
package enum ReturnTarget {
    /// In bytes.
    package static let maximumLength = 2048

    /// - Parameters:
    ///   - value: path, query and fragment.
    ///   - reservedPrefix: the path below which the gateway's own pages are, such as `/.auth/`; it and what
    ///     stands below it are refused, in whatever case.
    /// - Returns: `value`, where it is safe in a `Location`.
    package static func validated(_ value: String, reservedPrefix: String) -> String? {
        let bytes = Array(value.utf8)
        guard let first = bytes.first, first == 0x2F, bytes.count <= maximumLength,
            bytes.allSatisfy({ ByteClass.isPath($0) || $0 == 0x3F || $0 == 0x23 }),
            decodesToOneHost(bytes)
        else { return nil }

        let pathEnd = bytes.firstIndex { $0 == 0x3F || $0 == 0x23 } ?? bytes.count
        guard let path = String(value.utf8.prefix(pathEnd)), let target = try? RequestTarget(path) else { return nil }
        return isReserved(target.segments, reservedPrefix) ? nil : value
    }

    /// Decoded up to three times, the value never begins with `//`, `/\` or `/;`, also not for a browser, which drops
    /// tabs and line ends wherever they stand.
    private static func decodesToOneHost(_ value: [UInt8]) -> Bool {
        guard PercentCoding.decode(value) != nil else { return false }
        var bytes = value
        for _ in 0...3 {
            let second = bytes.dropFirst().first { $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
            if second == 0x2F || second == 0x5C || second == 0x3B { return false }
            let decoded = decodedLeniently(bytes)
            guard decoded != bytes else { return true }
            bytes = decoded
        }
        return true
    }

    /// What a careless program makes of it: a `%` without two digits, which a well-formed value may decode to, stays.
    private static func decodedLeniently(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
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

    private static func isReserved(_ segments: [String], _ prefix: String) -> Bool {
        let reserved = prefix.split(separator: "/").map { $0.lowercased() }
        return !reserved.isEmpty && segments.prefix(reserved.count).map { $0.lowercased() } == reserved
    }
}
