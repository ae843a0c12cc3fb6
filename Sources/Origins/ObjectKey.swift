import Bytes

/// What may be a key, and how it is spelt in a request's path.
///
/// A key is the decoded path of a URL without its first slash. Keys that S3 servers are known to
/// rewrite (dot segments, doubled slashes, backslashes) name nothing here, whoever asks.
package enum ObjectKey {
    /// S3's limit for the whole key, in bytes of UTF-8.
    package static let maximumLength = 1024

    /// Whether `key` can name an object: not empty, no empty, `.` or `..` segment, no control
    /// character, no backslash, and with `prefixLength` bytes in front of it not too long. A key
    /// that ends in a slash names a folder, which is no object.
    package static func namesObject(_ key: String, prefixLength: Int = 0) -> Bool {
        var segmentLength = 0
        var dots = 0
        var length = prefixLength
        for byte in key.utf8 {
            switch byte {
            case 0x2F:
                if segmentLength == 0 || (segmentLength == dots && dots <= 2) { return false }
                segmentLength = 0
                dots = 0
            case 0..<0x20, 0x7F, 0x5C: return false
            default:
                segmentLength += 1
                if byte == 0x2E { dots += 1 }
            }
            length += 1
        }
        return segmentLength > 0 && !(segmentLength == dots && dots <= 2) && length <= maximumLength
    }

    /// Appends `key` percent-encoded once: unreserved characters and `/` stay, all else becomes `%XX`.
    package static func appendEncoded(_ key: String, to out: inout [UInt8]) {
        let digits = Hex.upperDigits
        for byte in key.utf8 {
            if byte == 0x2F || PercentCoding.isUnreserved(byte) {
                out.append(byte)
            } else {
                out.append(0x25)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}
