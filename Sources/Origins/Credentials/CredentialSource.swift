/// Where credentials can be found, in the order in which they are looked for: that of AWS's own SDKs.
package enum CredentialSource: String, Sendable, CaseIterable {
    /// `AWS_ACCESS_KEY_ID` and what goes with it.
    case environment
    /// The files that AWS's tools share, `~/.aws/credentials` and `~/.aws/config`.
    case profile
    /// A token in a file, exchanged at STS for those of a role: Kubernetes with IRSA.
    case webIdentity = "web_identity"
    /// An agent beside the container: ECS, and EKS Pod Identity.
    case container
    /// An EC2 instance's metadata service, version 2.
    case instance
}

/// Which credentials a config asks for.
package struct CredentialSearch: Sendable, Hashable {
    /// Nil for the first of all sources that has any.
    package let source: CredentialSource?
    /// Of the shared files; nil for the environment's, or `default`.
    package let profile: String?
    /// Where STS is; nil for the environment's, or AWS's own of the region.
    package let stsEndpoint: String?
    /// Of STS, where neither environment nor profile names one.
    package let region: String

    package init(source: CredentialSource?, profile: String?, stsEndpoint: String?, region: String) {
        self.source = source
        self.profile = profile
        self.stsEndpoint = stsEndpoint
        self.region = region
    }
}

/// Why there are no credentials. It holds nothing secret, and nothing that a service answered but error codes.
package struct CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: String

    init(_ reason: String) { self.reason = reason }

    package var description: String { reason }
}
