import Bytes

/// A token in JWS compact serialisation (RFC 7515 section 7.1), taken apart but not yet believed.
///
/// Everything that can be refused without a key is refused here, so that a forgery costs no RSA.
/// A key comes from the issuer's own key set or not at all: a token that brings one, or says where to fetch one (`jwk`,
/// `jku`, `x5u`), is refused, and `x5c`, which says nothing that the key set does not, is not read.
package struct JWS: Sendable {
    package static let largestSize = 16 * 1024
    package static let longestKeyIdentifier = 256

    package let algorithm: JWSAlgorithm
    /// `kid`
    package let keyIdentifier: String?
    /// `typ` in lower case, without `application/`
    package let type: String?
    package let payload: [UInt8]
    package let signature: [UInt8]

    private let token: [UInt8]
    private let signedCount: Int

    /// - Parameter algorithms: what `alg` may be. `none` cannot be said.
    package static func parse(_ token: String, algorithms: [JWSAlgorithm]) throws(TokenError) -> JWS {
        guard token.utf8.count <= largestSize else { throw .tooLarge }
        return try parse(Array(token.utf8), algorithms: algorithms)
    }

    package static func parse(_ token: [UInt8], algorithms: [JWSAlgorithm]) throws(TokenError) -> JWS {
        guard token.count <= largestSize else { throw .tooLarge }
        let dots = token.indices.filter { token[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else { throw .notCompact }
        let headerBytes = try decode(token, 0..<dots[0], .header)
        let payload = try decode(token, dots[0] + 1..<dots[1], .payload)
        let signature = try decode(token, dots[1] + 1..<token.count, .signature)
        let header = try object(headerBytes, .header)
        guard let algorithm = header["alg"]?.string.flatMap(JWSAlgorithm.named), algorithms.contains(algorithm)
        else { throw .algorithm }
        guard header["crit"] == nil, header["b64"] == nil, header["zip"] == nil else { throw .unsupportedExtension }
        guard header["jwk"] == nil, header["jku"] == nil, header["x5u"] == nil else { throw .foreignKey }
        let keyIdentifier = try keyIdentifier(of: header)
        let type = try type(of: header)
        return JWS(
            algorithm: algorithm, keyIdentifier: keyIdentifier, type: type,
            payload: payload, signature: signature, token: token, signedCount: dots[1])
    }

    /// Whether the issuer's key signed this.
    package func isSigned(by key: VerificationKey) -> Bool {
        key.verifies(signature, of: token.span.extracting(0..<signedCount), algorithm: algorithm)
    }

    /// The payload as a JSON object. To be asked for only once the signature holds: nobody's bytes are
    /// parsed but the issuer's.
    package func claims() throws(TokenError) -> JSONValue { try Self.object(payload, .payload) }

    private static func decode(_ token: [UInt8], _ range: Range<Int>, _ part: JWSPart) throws(TokenError) -> [UInt8] {
        guard let bytes = Base64URL.decode(token.span.extracting(range)) else { throw .encoding(part) }
        return bytes
    }

    private static func object(_ bytes: [UInt8], _ part: JWSPart) throws(TokenError) -> JSONValue {
        guard let value = try? JSONValue.parse(bytes, limits: JSONLimits(size: largestSize)), value.object != nil
        else { throw .notJSON(part) }
        return value
    }

    private static func keyIdentifier(of header: JSONValue) throws(TokenError) -> String? {
        guard let value = header["kid"] else { return nil }
        guard let text = value.string, (1...longestKeyIdentifier).contains(text.utf8.count) else {
            throw .keyIdentifier
        }
        return text
    }

    /// Section 4.1.9: a media type, compared without case, whose `application/` may be left out.
    private static func type(of header: JSONValue) throws(TokenError) -> String? {
        guard let value = header["typ"] else { return nil }
        guard let text = value.string?.lowercased() else { throw .type }
        return text.hasPrefix("application/") ? String(text.dropFirst("application/".count)) : text
    }
}
