import Bytes

/// How a session key is spelled: 32 random bytes or more, raw, or as base64, base64url or hex.
package enum SessionKeyText {
    package static let minimum = 32

    enum Reading: Equatable {
        case key([UInt8])
        /// It is long enough as text, and spells less: this many bytes in hex.
        case weak([UInt8], bytes: Int)
        case tooShort
    }

    /// - Parameter bytes: the secret as it was read, with the line end that a text file has.
    static func read(_ bytes: [UInt8]) -> Reading {
        let text = Array(ContentSource.withoutLineEnd(bytes))
        guard text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            // Raw: a line feed at its end may be one of the random bytes.
            return bytes.count >= minimum ? .key(bytes) : .tooShort
        }
        let string = String(decoding: text, as: UTF8.self)
        if let key = Hex.decode(string) {
            if key.count >= minimum { return .key(key) }
            return text.count >= minimum ? .weak(text, bytes: key.count) : .tooShort
        }
        if let key = base64(text), key.count >= minimum { return .key(key) }
        return text.count >= minimum ? .key(text) : .tooShort
    }

    private static func base64(_ text: [UInt8]) -> [UInt8]? {
        var text = text.map { byte -> UInt8 in
            switch byte {
            case 0x2B: 0x2D
            case 0x2F: 0x5F
            default: byte
            }
        }
        while text.last == 0x3D, text.count > 2 { text.removeLast() }
        return Base64URL.decode(text)
    }
}
