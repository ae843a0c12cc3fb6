import Posix

/// What an origin's faults were met with: for the operator's log and metrics.
package enum OriginIncident: Sendable, Equatable {
    /// A request was sent again.
    case retried
    /// It was not, for too many had been.
    case retryRefused
    /// The rest of a body that had broken off was asked for.
    case resumed
    /// An endpoint is not asked for a while.
    case setAside(endpoint: String, Nanoseconds, OriginFailure)
    /// It answers again.
    case back(endpoint: String)
    /// Signatures follow the endpoint's clock from now on, which is so many seconds ahead of this machine's.
    case clockCorrected(endpoint: String, seconds: Int64)
}
