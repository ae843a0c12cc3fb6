/// Why a context could not be made, or why a session ended: a kind to branch on, and a sentence to read.
///
/// The sentence names no secret. For a fault in what the operator gave, it says what to do about it.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed list of reasons.
    package enum Kind: String, Sendable, CaseIterable {
        // What the operator gave
        case certificateUnreadable
        case certificateRefused
        case keyUnreadable
        case keyEncrypted
        case keyMismatch
        case authoritiesUnreadable
        case setup
        // What the peer's certificate is
        case certificateExpired
        case certificateNotYetValid
        case certificateWrongHost
        case certificateSelfSigned
        case certificateUnknownAuthority
        case certificateUntrusted
        case certificateMissing
        // What the peer said or did
        case notTLS
        case noCommonVersion
        case noCommonCipher
        case noCommonProtocol
        case peerAlert
        case truncated
        case protocolViolation
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package var description: String { text }

    /// True where the peer's certificate, rather than its behaviour, is the reason.
    package var isCertificateFault: Bool {
        switch kind {
        case .certificateExpired, .certificateNotYetValid, .certificateWrongHost, .certificateSelfSigned,
            .certificateUnknownAuthority, .certificateUntrusted, .certificateMissing:
            true
        default: false
        }
    }
}
