import Tokens

/// The JSON in which containers' agents and the instance metadata service give credentials.
package enum CredentialDocument {
    /// So much of an answer is taken, in bytes.
    package static let maximumLength = 65536

    /// - Parameter now: Unix seconds.
    /// - Throws: where a member is missing, or what there is does not hold or is over already.
    package static func read(_ body: [UInt8], now: Int64) throws(CredentialError) -> Credentials {
        guard let document = try? JSONValue.parse(body, limits: JSONLimits(size: maximumLength, depth: 8)),
            document.object != nil
        else { throw CredentialError("the answer is no JSON object") }
        // The metadata service says in it, with status 200, that it has none.
        if let code = document["Code"], code.string != "Success" {
            throw CredentialError("the answer's Code is \(Self.shown(code.string))")
        }
        return try credentials(now: now) { document[$0]?.string }
    }

    /// Of the four names that all of AWS's services use, `Token` for the session's.
    static func credentials(
        now: Int64, tokenName: String = "Token", _ member: (String) -> String?
    ) throws(CredentialError) -> Credentials {
        func required(_ name: String) throws(CredentialError) -> String {
            guard let text = member(name), !text.isEmpty else { throw CredentialError("the answer has no \(name)") }
            return text
        }
        let accessKeyID = try required("AccessKeyId")
        let secretAccessKey = try required("SecretAccessKey")
        let sessionToken = try required(tokenName)
        guard let expiresAt = Timestamp.parse(try required("Expiration")) else {
            throw CredentialError("the answer's Expiration is no time")
        }
        guard expiresAt > now else { throw CredentialError("the answer's Expiration is over") }
        guard
            let credentials = Credentials(
                checking: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken,
                expiresAt: expiresAt)
        else { throw CredentialError("the answer holds what cannot be signed with") }
        return credentials
    }

    /// A code as a log may have it: a short word, or nothing of it.
    static func shown(_ code: String?) -> String {
        guard let code, (1...64).contains(code.utf8.count),
            code.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x2E })
        else { return "none that could be read" }
        return code
    }
}
