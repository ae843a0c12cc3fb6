import HTTP
import HTTP2
import Telemetry

extension CloseReason {
    /// Why a connection ends on which a message does not hold.
    init(_ error: HTTP1Error) {
        self =
            switch error {
            case .targetTooLong: .requestLine
            case .tooManyFields: .fieldsCount
            case .fieldsTooLarge, .trailersTooLarge: .fieldsSize
            default: .malformed
            }
    }

    init(_ limit: HTTP2Limit) {
        self =
            switch limit {
            case .streams: .streamsPerConnection
            case .resets: .http2Resets
            case .refusals: .http2Refusals
            case .idleFrames: .http2IdleFrames
            case .continuations: .http2Continuations
            }
    }
}
