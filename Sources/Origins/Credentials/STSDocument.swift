/// Reads the credentials out of the XML that STS answers with, and nothing else. Never an XML parser: what is read are
/// elements without attributes, one after the other, whose text has no markup.
package enum STSDocument {
    /// So much of an answer is taken, in bytes.
    package static let maximumLength = 65536

    private static let opening = Array("<Credentials>".utf8)
    private static let closing = Array("</Credentials>".utf8)

    /// - Parameter now: Unix seconds.
    package static func read(_ body: [UInt8], now: Int64) throws(CredentialError) -> Credentials {
        guard body.count <= maximumLength, let members = members(of: body) else {
            throw CredentialError("the answer is no list of credentials")
        }
        return try CredentialDocument.credentials(now: now, tokenName: "SessionToken") { members[$0] }
    }

    /// The texts of the elements within `<Credentials>`, which is there once; nil where it is not just such elements.
    private static func members(of body: [UInt8]) -> [String: String]? {
        guard let start = find(opening, in: body, from: 0), find(opening, in: body, from: start) == nil else {
            return nil
        }
        var members: [String: String] = [:]
        var rest = body[start...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
            if rest.starts(with: closing) { return members }
            guard rest.first == 0x3C, let end = rest.firstIndex(of: 0x3E) else { return nil }
            let name = rest[rest.index(after: rest.startIndex)..<end]
            guard (1...64).contains(name.count), name.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
                return nil
            }
            rest = rest[(end + 1)...]
            guard let textEnd = rest.firstIndex(of: 0x3C) else { return nil }
            let text = rest[..<textEnd]
            let tail = Array("</".utf8) + name + [0x3E]
            guard text.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x26 }), rest[textEnd...].starts(with: tail)
            else { return nil }
            let key = String(decoding: name, as: UTF8.self)
            guard members.updateValue(String(decoding: text, as: UTF8.self), forKey: key) == nil else { return nil }
            rest = rest[(textEnd + tail.count)...]
        }
    }

    /// The position behind the first occurrence.
    private static func find(_ needle: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + needle.count <= body.count {
            if body[index] == needle[0], body[index..<index + needle.count].elementsEqual(needle) {
                return index + needle.count
            }
            index += 1
        }
        return nil
    }
}
