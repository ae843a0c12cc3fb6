import HTTP

/// What the provider sent the browser back with (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
package struct CallbackParameters: Sendable, Equatable {
    package static let longestCode = 4096
    package static let longestState = 6144

    package enum Answer: Sendable, Equatable {
        case code(String)
        /// `error` and, cut and without control characters, `error_description`. Both are still to be
        /// escaped for a page: anybody can write such a link.
        case error(String, description: String?)
    }

    package let answer: Answer
    package let state: String
    /// `iss`
    package let issuer: String?

    /// - Parameter query: as it stands behind the `?`.
    package static func parse(_ query: String?) throws(CallbackError) -> CallbackParameters {
        guard let pairs = QueryParameters(query ?? "") else { throw .encoding }
        for name in ["code", "state", "error", "error_description", "error_uri", "iss"] where pairs.count(of: name) > 1
        {
            throw .duplicate(name)
        }
        guard let state = pairs.first("state"), !state.isEmpty else { throw .missing("state") }
        guard state.utf8.count <= longestState else { throw .tooLong("state") }
        let answer: Answer
        switch (pairs.first("code"), pairs.first("error")) {
        case (nil, nil): throw .missing("code")
        case (_?, _?): throw .contradiction
        case (let code?, nil):
            guard !code.isEmpty else { throw .missing("code") }
            guard code.utf8.count <= longestCode else { throw .tooLong("code") }
            answer = .code(code)
        case (nil, let error?):
            guard let error = error.visibleLine(longest: 64) else { throw .missing("error") }
            answer = .error(
                error, description: pairs.first("error_description").flatMap { $0.visibleLine(longest: 300) })
        }
        return CallbackParameters(answer: answer, state: state, issuer: pairs.first("iss"))
    }

    /// RFC 9207 section 2.4: an `iss` must be the issuer's, byte for byte, and a code must not come
    /// without one from a provider that announced it. An error may: some providers leave it out there.
    package func checkIssuer(_ expected: String, isAnnounced: Bool) throws(CallbackError) {
        if let issuer {
            guard issuer.hasSameBytes(as: expected) else { throw .issuer }
        } else if isAnnounced, case .code = answer {
            throw .missing("iss")
        }
    }
}

/// Why a callback is refused before anything is asked of the provider.
package enum CallbackError: Error, Equatable, Sendable {
    /// Malformed percent-encoding, or not UTF-8.
    case encoding
    case duplicate(String)
    case missing(String)
    case tooLong(String)
    /// A code and an error.
    case contradiction
    /// Another issuer's answer (a mix-up).
    case issuer
}
