import Bytes
import HTTP
import Posix
import Settings
import Telemetry
import Transport

/// What whoever runs Postern asks: `/healthz`, `/readyz`, `/metrics`, `/status`, `/why/REFERENCE`; and at the admin socket,
/// which is its owner's alone, what they have done (`AdminOrders`). Never on a public listener.
final class AdminHandler: RequestHandler {
    let control: Control
    /// Whether it is the socket that nobody but the owner can open.
    private let isPrivate: Bool

    init(control: Control, isPrivate: Bool = false) {
        self.control = control
        self.isPrivate = isPrivate
    }

    func handle(_ exchange: Exchange) {
        let path = String(exchange.request.target.prefix { $0 != "?" })
        exchange.record.outcome = .ownPage
        if let order = AdminOrder(path: path) {
            guard isPrivate else {
                exchange.record.outcome = .forbidden
                return say(exchange, status: 403, "This can be done at the admin socket alone (admin.socket).")
            }
            guard exchange.request.method == .post else { return refuseMethod(exchange, allowed: "POST") }
            return obey(order, exchange)
        }
        guard exchange.request.method == .get || exchange.request.method == .head else {
            return refuseMethod(exchange, allowed: "GET, HEAD")
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
        case "/status":
            guard isForThis(exchange) else { return refuseHost(exchange) }
            control.collectStatus { self.tell(exchange, $0.json, $0.text) }
        case _ where path.hasPrefix("/why/"):
            guard isForThis(exchange) else { return refuseHost(exchange) }
            explain(String(path.dropFirst(5)), exchange)
        default:
            exchange.record.outcome = .notFound
            say(exchange, status: 404, "There are /healthz, /readyz, /metrics, /status and /why/REFERENCE.")
        }
    }

    private func explain(_ text: String, _ exchange: Exchange) {
        guard let reference = Reference.read(text) else {
            exchange.record.outcome = .badRequest
            return say(exchange, status: 400, "A reference is ten letters and digits, such as 7K3M9QX2TB.")
        }
        control.findDecision(reference) { decision in
            guard let decision else {
                exchange.record.outcome = .notFound
                return self.say(
                    exchange, status: 404,
                    "No answer with the reference \(reference) is remembered. The latest are, since the instance began "
                        + "(limits.decisions, of each worker); older ones stand in the access log alone.")
            }
            self.tell(exchange, decision.json, decision.text(now: self.control.loop.wallSeconds))
        }
    }

    /// Who asks by a name could be the page of a stranger's site, whose name leads here (DNS rebinding): what tells of
    /// people and places is told to those alone who ask by the address, or by `localhost`.
    private func isForThis(_ exchange: Exchange) -> Bool {
        if case .unix = exchange.connection.peer { return true }
        guard let host = Authority(exchange.request.authority)?.host else { return false }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return host == "localhost" || IPAddress(bare) != nil
    }

    private func refuseHost(_ exchange: Exchange) {
        exchange.record.outcome = .unknownHost
        say(exchange, status: 421, "Ask by the IP address, or by localhost.")
    }

    private func refuseMethod(_ exchange: Exchange, allowed: String) {
        exchange.record.outcome = .methodNotAllowed
        exchange.respond(Response(status: 405, fields: [.allow: allowed, .cacheControl: "no-store"]), body: .empty)
    }

    // MARK: Answers

    /// JSON, or text for whoever asks for that.
    func tell(_ exchange: Exchange, status: Int = 200, _ json: [UInt8], _ text: String) {
        guard exchange.request.fields[.accept]?.lowercased().hasPrefix("text/plain") == true else {
            return answer(exchange, status: status, type: "application/json", json)
        }
        answer(exchange, status: status, type: "text/plain; charset=utf-8", Array(text.utf8))
    }

    func say(_ exchange: Exchange, status: Int, _ sentence: String) {
        answer(exchange, status: status, type: "text/plain; charset=utf-8", Array((sentence + "\n").utf8))
    }

    private func answer(_ exchange: Exchange, status: Int, type: String, _ body: [UInt8]) {
        let fields: Fields = [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
        exchange.respond(Response(status: status, fields: fields), body: .bytes(body))
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
