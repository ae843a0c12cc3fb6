import Bytes
import Cryptography
import Deflate
import HTTP
import Sessions
import Tokens

private let ring = try! KeyRing([SecretBytes([UInt8](repeating: 7, count: 31) + [1])])
private let sessions = SessionCookies(name: "postern", site: "docs", ring: ring)
private let box = SealedBox(ring)
private let site = Array("docs".utf8)

/// What a browser sends: an input's lines are the `Cookie` lines of one request.
@Sendable func fuzzCookies(_ input: [UInt8]) {
    // Fields hold neither of these: they become spaces.
    let input = input.map { $0 == 0x0D || $0 == 0 ? 0x20 : $0 }
    var fields = Fields()
    for line in input.split(separator: 0x0A) { fields.append(name: FieldName.cookie.text.utf8.span, value: line.span) }
    for name in sessions.names + ["a", "__Host-postern"] {
        let expected = input.split(separator: 0x0A).flatMap { cookies(of: $0, named: name) }
        expect(Cookies.values(named: name, in: fields) == expected, "the cookies named \(name)")
        let begun = Cookies.pairs(withPrefix: name, in: fields)
        expect(begun.filter { $0.name == name }.map(\.value) == expected, "the cookies that begin with \(name)")
        expect(begun.allSatisfy { $0.name.utf8.starts(with: name.utf8) }, "and no others")
    }
    let values = { Cookies.values(named: $0, in: fields) }
    guard case .sealed(let texts) = sessions.present(values) else { return }
    expect((1...2).contains(texts.count), "one sealed text, or two")
    for opened in texts.compactMap(sessions.open) { checkRecord(opened.record) }
}

private func cookies(of line: ArraySlice<UInt8>, named name: String) -> [String] {
    func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        return start.isEmpty ? start : start[...start.lastIndex { $0 != 0x20 && $0 != 0x09 }!]
    }
    return line.split(separator: 0x3B).compactMap { pair in
        guard let equals = pair.firstIndex(of: 0x3D), trimmed(pair[..<equals]).elementsEqual(name.utf8) else {
            return nil
        }
        return String(decoding: trimmed(pair[(equals + 1)...]), as: UTF8.self)
    }
}

private func checkRecord(_ record: SessionRecord) {
    guard let encoded = record.encoded() else { return }
    guard let again = SessionRecord(encoded: encoded) else {
        fatalError("a session that was read cannot be read again")
    }
    expect(again.encoded() == encoded && again.id == record.id, "a session written anew")
    guard let set = try? sessions.encode(record) else { return }
    expect(set.count == 1 || (2...SessionCookies.partLimit).contains(set.count), "one cookie, or some")
    for cookie in set {
        expect(cookie.value.utf8.count <= SessionCookies.valueLimit, "a cookie that a browser keeps")
        _ = SetCookie(name: cookie.name, value: cookie.value).description
    }
    let back = sessions.present { name in set.filter { $0.name == name }.map(\.value) }
    guard case .sealed(let texts) = back, texts.count == 1, let opened = sessions.open(texts[0]) else {
        fatalError("a session that was set is none")
    }
    expect(opened.record.encoded() == encoded && opened.isNewestKey, "and back in the cookies")
}

/// The input as a sealed text, which never opens unless it is ours; and as what is sealed, since a fuzzer finds no
/// seal.
@Sendable func fuzzSealed(_ input: [UInt8]) {
    let sealed = box.seal(input, purpose: .session, context: site)
    expect(box.open(sealed, purpose: .session, context: site)?.payload == input, "what was sealed opens")
    expect(box.open(sealed, purpose: .login, context: site) == nil, "for nothing else")
    expect(box.open(sealed, purpose: .session, context: site + [0]) == nil, "and nowhere else")
    if let text = text(input), let opened = box.open(text, purpose: .session, context: site) {
        expect(Base64URL.encode(Base64URL.decode(text) ?? []) == text && !opened.payload.isEmpty, "a seal of ours")
    }

    if let record = SessionRecord(encoded: input) { checkRecord(record) }
    if let plain = Deflate.inflate(input, limit: 1 << 16) {
        expect(plain.count <= 1 << 16, "no more than the limit")
        expect(Deflate.inflate(Deflate.compress(plain), limit: plain.count) == plain, "deflated and back")
    }
    _ = try? KeyRing([SecretBytes(input)])

    let login = LoginState(ring: ring, site: "docs")
    let state = box.seal(input, purpose: .login, context: site)
    switch login.open(state, binding: "b", now: 1_800_000_000) {
    case .flow(let flow): expect(flow.codeVerifier.reveal().utf8.count == 43, "a verifier")
    case .expired, .otherBrowser, .invalid: break
    }
    expect(
        BrowserBinding.isWellFormed(String(decoding: input, as: UTF8.self))
            == (input.count == 43 && Base64URL.decode(input) != nil), "a binding")
}

// MARK: Tokens

/// JSON, and every document of a provider that is made of it.
@Sendable func fuzzJSON(_ input: [UInt8]) {
    if let value = try? JSONValue.parse(input) {
        let written = value.serialized
        guard let again = try? JSONValue.parse(written, limits: JSONLimits(size: 1 << 24)) else {
            fatalError("what is written is no JSON: \(String(decoding: written, as: UTF8.self))")
        }
        expect(again == value && again.serialized == written, "JSON written anew")
        _ = value.member(at: "realm_access.roles")
    }
    if let keys = try? KeySet.parse(json: input) {
        expect(keys.keys.count <= KeySet.mostKeys, "as many keys as are read")
        for key in keys.keys {
            expect(
                !key.key.verifies([UInt8](repeating: 1, count: 256), of: input.span, algorithm: .rs256), "no forgery")
        }
    }
    for status in [200, 400, 500] {
        guard let response = try? TokenResponse.parse(status: status, body: input, requiresIDToken: status == 200)
        else {
            continue
        }
        expect(status == 200 && response.idToken != nil, "a token comes with 200")
        expect(response.expiresIn.map { $0 >= 0 } ?? true, "a lifetime")
    }
    if let metadata = try? ProviderMetadata.parse(input, expectedIssuer: "https://id.example.com") {
        for url in [metadata.authorizationEndpoint, metadata.tokenEndpoint, metadata.keySetURL] {
            expect(ProviderURL(url.text) == url && (url.isSecure || url.isLoopback), "an endpoint")
            expect(url.target.hasPrefix("/") && !url.target.utf8.contains { $0 <= 0x20 || $0 >= 0x7F }, "a target")
            expect(Authority(url.authority.description) == url.authority, "a host")
        }
    }
    if let text = text(input), let url = ProviderURL(text) {
        expect(url.text == text && url.port > 0 && url.target.hasPrefix("/") && !url.host.isEmpty, "a URL")
    }
}

private let policy = TokenPolicy(issuer: "https://id.example.com", audiences: ["postern"])

/// A key whose private half nobody kept.
private let keys = try! KeySet.parse(json: Array(keySetText.utf8))

/// An input is a token, or a payload below a valid header: no signature holds, and none is looked at before the form
/// is right.
@Sendable func fuzzJWT(_ input: [UInt8]) {
    checkToken(input)
    let header = Base64URL.encode(Array(#"{"alg":"RS256","kid":"a","typ":"JWT"}"#.utf8))
    checkToken(
        Array("\(header).\(Base64URL.encode(input)).\(Base64URL.encode([UInt8](repeating: 1, count: 256)))".utf8))
    // The header as well, when the first line is one.
    if let line = input.firstIndex(of: 0x0A) {
        let parts = [Array(input[..<line]), Array(input[(line + 1)...]), [UInt8](repeating: 2, count: 256)]
        checkToken(Array(parts.map(Base64URL.encode).joined(separator: ".").utf8))
    }
}

private func checkToken(_ token: [UInt8]) {
    if let jws = try? JWS.parse(token, algorithms: [.rs256]) {
        let parts = token.split(separator: 0x2E, omittingEmptySubsequences: false)
        expect(parts.count == 3 && Base64URL.decode(Array(parts[1])) == jws.payload, "three parts")
        expect((jws.keyIdentifier?.utf8.count ?? 0) <= JWS.longestKeyIdentifier, "a key's name")
        _ = try? jws.claims()
    }
    guard
        let identity = try? TokenVerifier.verifyIDToken(
            token, keys: keys, policy: policy, nonce: nil, now: 1_800_000_000)
    else { return }
    expect(String(decoding: token, as: UTF8.self) == genuineToken, "a forgery as \(identity.subject)")
}
