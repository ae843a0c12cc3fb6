import Bytes
import HTTP
import Origins
import Sessions
import Tokens

/// Queries and forms, and what a provider sends the browser back with.
@Sendable func fuzzForm(_ input: [UInt8]) {
    checkBase64(input)
    let parameters = QueryParameters(input)
    let expected = pairs(of: input)
    expect((parameters == nil) == (expected == nil), "what is a form")
    guard let parameters, let expected else { return }
    expect(parameters.pairs.elementsEqual(expected, by: ==), "the pairs of a form")
    let encoded = parameters.pairs.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }
    expect(QueryParameters(encoded.joined(separator: "&")) == parameters, "written anew it is the same")
    for (name, value) in parameters.pairs {
        expect(parameters.count(of: name) > 1 || parameters.only(name) == value, "the only one of its name")
    }
    guard let callback = try? CallbackParameters.parse(text(input)) else { return }
    expect(!callback.state.isEmpty && callback.state.utf8.count <= CallbackParameters.longestState, "a state")
    expect(parameters.only("state") == callback.state, "the one state")
    switch callback.answer {
    case .code(let code): expect(parameters.only("code") == code && !code.isEmpty, "the one code")
    case .error(let error, let description):
        for text in [error, description ?? "-"] {
            expect(!text.isEmpty && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }, "one line")
        }
    }
}

/// The same, told in another way.
private func pairs(of input: [UInt8]) -> [(String, String)]? {
    var pairs: [(String, String)] = []
    for pair in input.split(separator: 0x26) {
        let parts = pair.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        var decoded: [String] = []
        for part in parts {
            guard let bytes = PercentCoding.decode(part, plusIsSpace: true),
                let text = String(validating: bytes, as: UTF8.self)
            else { return nil }
            decoded.append(text)
        }
        pairs.append((decoded[0], decoded.count > 1 ? decoded[1] : ""))
    }
    return pairs
}

private func checkBase64(_ input: [UInt8]) {
    expect(Base64URL.decode(Base64URL.encode(input)) == input, "base64url of any bytes")
    if let bytes = Base64URL.decode(input) {
        expect(Base64URL.encodeBytes(bytes) == input, "base64url has one spelling")
    }
    expect(Hex.decode(Hex.encode(input)) == input, "hexadecimal digits of any bytes")
}

/// Ranges, dates, entity tags, and the error documents of S3.
@Sendable func fuzzRanges(_ input: [UInt8]) {
    if let code = S3ErrorDocument.code(in: input) {
        expect((1...64).contains(code.utf8.count) && !code.utf8.contains(0x3C), "an error code")
    }
    guard let value = text(input) else { return }
    if let range = ByteRange(value) {
        expect(ByteRange(range.description) == range, "a range written anew: \(range)")
        for size in [0, 1, 2, 100, 4096, Int.max] {
            guard let bytes = range.resolved(size: size) else { continue }
            expect(!bytes.isEmpty && bytes.lowerBound >= 0 && bytes.upperBound <= size, "within \(size): \(range)")
            expect(
                ContentRange(ByteRange.contentRange(bytes, size: size)) == .part(bytes, of: size), "its Content-Range")
        }
    }
    if let range = ContentRange(value) { expect(ContentRange(range.field) == range, "a Content-Range: \(range)") }
    if let date = HTTPDate.parse(value) {
        let formatted = HTTPDate.format(unixSeconds: date)
        expect(formatted.utf8.count == 29, "a date: \(formatted)")
        expect((-62_167_219_200...253_402_300_800).contains(date), "a date within the calendar")
        expect(date == 253_402_300_800 || HTTPDate.parse(formatted) == date, "a date written anew: \(formatted)")
    }
    if let tag = EntityTag(value) {
        expect(tag.description == value && tag.equalsWeakly(tag) && tag.equalsStrongly(tag) != tag.isWeak, "a tag")
    }
    let codings = AcceptEncoding([.acceptEncoding: value]).preferred(of: ContentCoding.allCases)
    expect(Set(codings).count == codings.count && codings.count <= ContentCoding.allCases.count, "codings, none twice")
    if case .tags(let tags)? = EntityTag.Condition([value]) {
        expect(!tags.isEmpty && tags.allSatisfy { EntityTag($0.description) == $0 }, "a list of tags")
        let joined = tags.map(\.description).joined(separator: ", ")
        expect(EntityTag.Condition([joined]) == .tags(tags), "the list written anew")
    }
    _ = MediaType.forPath(value)
    if let year = Int64(value) { expect(HTTPDate.format(unixSeconds: year).utf8.count == 29, "any number is a date") }
}
