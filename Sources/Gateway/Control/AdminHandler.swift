import Bytes
import HTTP
import Telemetry
import Transport

/// The admin listener: `/healthz`, `/readyz`, `/metrics`. Never on a public listener.
final class AdminHandler: RequestHandler {
    private let control: Control

    init(control: Control) {
        self.control = control
    }

    func handle(_ exchange: Exchange) {
        let path = exchange.request.target.prefix { $0 != "?" }
        exchange.record.outcome = .ownPage
        guard exchange.request.method == .get || exchange.request.method == .head else {
            exchange.record.outcome = .methodNotAllowed
            return exchange.respond(
                Response(status: 405, fields: [.allow: "GET, HEAD", .cacheControl: "no-store"]), body: .empty)
        }
        switch path {
        case "/healthz":
            answer(exchange, status: 200, type: "application/json", Array(#"{"status":"ok"}"#.utf8))
        case "/readyz":
            let readiness = control.readiness
            answer(exchange, status: readiness.isReady ? 200 : 503, type: "application/json", readiness.json)
        case "/metrics":
            control.collectMetrics { text in
                self.answer(exchange, status: 200, type: PrometheusText.contentType, text)
            }
        default:
            exchange.record.outcome = .notFound
            answer(
                exchange, status: 404, type: "text/plain; charset=utf-8",
                Array("There are /healthz, /readyz and /metrics.\n".utf8))
        }
    }

    private func answer(_ exchange: Exchange, status: Int, type: String, _ body: [UInt8]) {
        exchange.respond(
            Response(status: status, fields: [.contentType: type, .cacheControl: "no-store"]), body: .bytes(body))
    }
}

/// What `/readyz` says: ready when every provider's keys and every origin's credentials are loaded, and which part is
/// not.
struct ReadinessReport: Sendable {
    enum OriginState: Sendable {
        case ready
        /// Its credentials could not be renewed, and hold as yet: requests are served all the same.
        case degraded
        /// It has no credentials that hold.
        case unready
    }

    var providers: [(name: String, isReady: Bool)]
    var origins: [(name: String, state: OriginState)]
    /// Whether sign-outs outlive a restart. Requests are served all the same where they do not.
    var areRevocationsKept = true
    var isDraining: Bool

    var isReady: Bool {
        !isDraining && providers.allSatisfy(\.isReady) && origins.allSatisfy { $0.state != .unready }
    }

    var json: [UInt8] {
        var text = JSONText()
        text.object {
            $0.member("status", isReady ? "ready" : isDraining ? "draining" : "degraded")
            let state = [(name: "revocations", isReady: areRevocationsKept)]
            let origins = origins.map { (name: $0.name, isReady: $0.state == .ready) }
            for (kind, parts) in [("providers", providers), ("origins", origins), ("state", state)] {
                $0.key(kind)
                $0.object {
                    for part in parts { $0.member(part.name, part.isReady ? "ready" : "degraded") }
                }
            }
        }
        return text.bytes
    }
}
