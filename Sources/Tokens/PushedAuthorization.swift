/// The answer to a pushed authorization request (RFC 9126 section 2.2).
package enum PushedAuthorization {
    package static let longestURI = 2048

    /// - Returns: `request_uri`, which stands in for the whole request.
    package static func parse(status: Int, body: [UInt8]) throws(TokenResponseError) -> String {
        let document = try? JSONValue.parse(body)
        guard status == 201 || status == 200 else { throw TokenResponse.refusal(status, document) }
        guard let document else { throw .malformed("json") }
        if document["error"] != nil { throw TokenResponse.refusal(status, document) }
        guard let uri = document["request_uri"]?.string, (1...longestURI).contains(uri.utf8.count),
            uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .malformed("request_uri") }
        return uri
    }
}
