/// Base64 with the standard alphabet and padding (RFC 4648 section 4).
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = Base64URL.encodeBytes(bytes)
        for index in text.indices {
            if text[index] == 0x2D { text[index] = 0x2B } else if text[index] == 0x5F { text[index] = 0x2F }
        }
        while text.count % 4 != 0 { text.append(0x3D) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` spells; nil where it is not Base64 with its padding.
    package static func decode(_ text: String) -> [UInt8]? {
        var characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        var padding = 0
        while padding < 2, characters.last == 0x3D {
            characters.removeLast()
            padding += 1
        }
        for index in characters.indices {
            switch characters[index] {
            case 0x2B: characters[index] = 0x2D
            case 0x2F: characters[index] = 0x5F
            case 0x2D, 0x5F: return nil
            default: break
            }
        }
        return Base64URL.decode(characters)
    }
}
