import Cryptography
import HTTP
import Origins
import Settings
import Transport

/// Traces (W3C Trace Context): Postern records no spans, and so passes on what it gets as it is. What it adds is the trace's
/// id in the access log.
extension Worker {
    /// Takes up the request's trace, if it has one and whoever sent it is believed.
    func followTrace(_ context: RequestContext) {
        guard let trace = TraceContext(context.request.fields), believesTrace(context) else { return }
        context.exchange.record.traceID = trace.traceID
    }

    private func believesTrace(_ context: RequestContext) -> Bool {
        switch shared.configuration.traces.from {
        case .anyone: true
        case .trustedProxies:
            RequestSource.contains(
                shared.configuration.trustedProxies, context.exchange.connection.peer.ipBytes)
        }
    }

    /// What an app is told of the request's trace, which begins here if there is none and the config says so.
    func upstreamTrace(_ context: RequestContext) -> UpstreamTrace {
        guard context.exchange.record.traceID.isEmpty else { return .asItCame }
        guard shared.configuration.traces.begin else { return .none }
        let trace = TraceContext(random: SecureRandom.bytes(24))
        context.exchange.record.traceID = trace.traceID
        return .begun(trace.text)
    }
}
