import Bytes
import HTTP
import Logging
import Posix
import Reactor
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// What the running instance can be told to do, each by a POST to a path of its own.
enum AdminOrder: String, CaseIterable {
    case reload
    case drain
    case logLevel = "log-level"
    case revoke = "sessions/revoke"

    init?(path: String) { self.init(rawValue: String(path.dropFirst())) }
}

extension AdminHandler {
    /// What an order's JSON takes at most, in bytes.
    private static let longestOrder = 16 << 10

    func obey(_ order: AdminOrder, _ exchange: Exchange) {
        exchange.readBody(limit: Self.longestOrder) { result in
            guard case .success(let body) = result, let members = Self.members(body) else {
                exchange.record.outcome = .badRequest
                return self.say(exchange, status: 400, "The order is no JSON object of texts.")
            }
            switch order {
            case .reload: self.reload(members, exchange)
            case .logLevel: self.changeLogLevel(members, exchange)
            case .drain: self.drain(members, exchange)
            case .revoke: self.revoke(members, exchange)
            }
        }
    }

    /// An order's members; none for no body.
    private static func members(_ body: [UInt8]) -> [String: String]? {
        if body.isEmpty { return [:] }
        guard let object = (try? JSONValue.parse(body))?.object else { return nil }
        let texts = object.compactMapValues(\.string)
        return texts.count == object.count ? texts : nil
    }

    private func refuse(_ exchange: Exchange, status: Int = 400, _ sentence: String) {
        exchange.record.outcome = .badRequest
        say(exchange, status: status, sentence)
    }

    // MARK: Reload

    private func reload(_ members: [String: String], _ exchange: Exchange) {
        guard members.isEmpty else { return refuse(exchange, "It takes nothing.") }
        control.reload { result in
            let text = result.faults.map { $0.description + "\n" }.joined()
            let verdict = result.isApplied ? "The config is in use." : "The config does not hold: nothing was changed."
            // A conflict with what the file has now (RFC 9110 section 15.5.10).
            self.tell(
                exchange, status: result.isApplied ? 200 : 409, Array(Fault.json(result.faults).utf8),
                text + verdict + "\n")
        }
    }

    // MARK: Log level

    private func changeLogLevel(_ members: [String: String], _ exchange: Exchange) {
        let levels = LogSettings.Level.allCases.map(\.rawValue).joined(separator: ", ")
        guard members.count == 1, let level = members["level"].flatMap({ LogSettings.Level(rawValue: $0) }) else {
            return refuse(exchange, "It takes a level: one of \(levels).")
        }
        control.shared.logs.style.level = Logger.Level(level)
        control.shared.events.log(
            level: Logger.Level(level), "the log level is another until the config is read again",
            metadata: ["log_level": "\(level.rawValue)"])
        say(
            exchange, status: 200,
            "Events of level \(level.rawValue) and above are logged, until the config is read again.")
    }

    // MARK: Drain

    private func drain(_ members: [String: String], _ exchange: Exchange) {
        guard members.isEmpty else { return refuse(exchange, "It takes nothing.") }
        let time = PlainText.span(control.shared.configuration.limits.drainTimeout.seconds)
        control.drain()
        say(exchange, status: 202, "Draining: no new connections, and the process ends after \(time) at most.")
    }

    // MARK: Revoke

    private func revoke(_ members: [String: String], _ exchange: Exchange) {
        guard members.count == 1, let (kind, name) = members.first, let sweep = Sweep(rawValue: kind), !name.isEmpty
        else { return refuse(exchange, "It takes one of user, group and site, and the name of it.") }
        let sites = control.shared.configuration.sites.map(\.name)
        guard sweep != .site || sites.contains(name) else {
            return refuse(
                exchange, status: 404, "There is no site \(PlainText.line(name)), but \(sites.joined(separator: ", "))."
            )
        }
        let now = control.loop.wallSeconds, lifetime = longestLifetime(of: sweep, name)
        control.shared.events.notice(
            "sessions are ended from the admin side", metadata: ["\(sweep)": "\(name)"])
        let control = control.handle.control, exchange = LoopBound(exchange, to: control.executor)
        control.value.shared.revocations.start {
            let revocation = await $0.sweep(sweep.revocable(name), lifetime: lifetime, now: now)
            let exchange = exchange.value, isKept = control.value.areRevocationsKept == true
            var json = JSONText()
            json.object {
                $0.member("revoked", sweep.rawValue)
                $0.member("name", name)
                $0.member("before", PlainText.timestamp(revocation.before))
                $0.member("until", PlainText.timestamp(revocation.until))
                $0.member("kept_on_disk", isKept)
            }
            AdminHandler(control: control.value).tell(
                exchange, json.bytes, sweep.sentence(name, before: revocation.before, isKept: isKept))
        }
    }

    /// Of the sessions that are ended, in seconds.
    private func longestLifetime(of sweep: Sweep, _ name: String) -> Int64 {
        let sites = control.shared.configuration.sites.filter { sweep != .site || $0.name == name }
        return sites.map(\.session.lifetime.seconds).max() ?? 0
    }
}

/// What sessions have in common that are ended at once.
private enum Sweep: String, Sendable {
    case user, group, site

    func revocable(_ name: String) -> Revocable {
        switch self {
        case .user: .user(name)
        case .group: .group(name)
        case .site: .site(name)
        }
    }

    func sentence(_ name: String, before: Int64, isKept: Bool) -> String {
        let whose =
            switch self {
            case .user: "of the user"
            case .group: "of members of the group"
            case .site: "at the site"
            }
        return """
            All sessions \(whose) \(PlainText.line(name)) that began until \(PlainText.time(before)) are over.
            \(isKept ? "That is kept on disk, and outlives a restart." : "That is NOT kept on disk: a restart forgets it.")

            """
    }
}
