import Bytes
import HTTP
import Settings
import Telemetry

/// What was decided of one request that was answered with a reference, and why.
///
/// As the access log it has no place for a cookie, a token, a code or a query string.
struct Decision: Sendable {
    /// What is kept of a path, a host or an explanation, in bytes.
    private static let longestText = 512

    let reference: String
    /// When the request's head was complete, in microseconds since 1970.
    let time: Int64
    let site: String
    let host: String
    let method: String
    /// As it came, without the query.
    let path: String
    let peer: String
    /// The signed-in person's `sub`; empty without one.
    let subject: String
    let status: Int
    let outcome: Outcome
    /// Which of the questions that a request is asked had this answer; nil where it could not even be read.
    let stage: Stage?
    /// The rule that the path meets, where it came to that.
    let rule: Rule?
    /// What each part of the rule said of who asked, where that made the answer.
    let verdicts: [(part: Requirement, verdict: Requirement.Verdict)]
    /// What is known beyond the outcome; empty without anything.
    let detail: String

    init(
        _ record: AccessRecord, status: Int, outcome: Outcome, stage: Stage? = nil, rule: Rule? = nil,
        verdicts: [(part: Requirement, verdict: Requirement.Verdict)] = [], detail: String = ""
    ) {
        reference = record.reference
        time = record.startedAt
        site = record.site
        host = Self.short(record.host)
        method = Self.short(record.method)
        path = Self.short(record.path.prefix { $0 != "?" })
        peer = record.peer
        subject = record.subject
        self.status = status
        self.outcome = outcome
        self.stage = stage
        self.rule = rule
        self.verdicts = verdicts
        self.detail = Self.short(detail)
    }

    private static func short(_ text: some StringProtocol) -> String {
        guard text.utf8.count > longestText else { return String(text) }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(longestText / 4))) + "…"
    }

    // MARK: What is told

    /// Why, in a sentence.
    var reason: String {
        guard outcome == .forbidden, let rule else { return outcome.reason }
        if !rule.requirement.admitsSomebody { return "The rule lets nobody in, whoever asks." }
        let unmet = verdicts.filter { $0.verdict != .met }.map { "\($0.part)" }
        guard !unmet.isEmpty else { return outcome.reason }
        return "The rule asks for \(unmet.joined(separator: " and ")), and this account does not meet that."
    }

    /// For a terminal.
    ///
    /// - Parameter now: Unix seconds.
    func text(now: Int64) -> String {
        let seconds = time / 1_000_000
        var rows = [
            ["reference", reference],
            ["when", "\(PlainText.time(seconds)), \(PlainText.span(now - seconds)) ago"],
            ["request", method.isEmpty ? "could not be read" : "\(method) \(host)\(path)"], ["from", peer],
        ]
        if !site.isEmpty { rows.append(["site", site]) }
        if !subject.isEmpty { rows.append(["who", subject]) }
        if let rule { rows.append(["rule", "\(rule.pattern): \(rule.requirement)"]) }
        for (part, verdict) in verdicts { rows.append(["", "\(part): \(verdict.words)"]) }
        rows.append(["answer", "\(status) \(outcome)" + (stage.map { ", at the stage \($0)" } ?? "")])
        rows.append(["why", reason])
        if !detail.isEmpty { rows.append(["", detail]) }
        rows.append(["remedy", outcome.remedy])
        return PlainText.table(rows)
    }

    var json: [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("reference", reference)
            $0.member("time", PlainText.timestamp(time / 1_000_000))
            for (name, value) in [
                ("site", site), ("host", host), ("method", method), ("path", path), ("peer", peer), ("sub", subject),
            ] where !value.isEmpty { $0.member(name, value) }
            if let rule {
                $0.member("rule", "\(rule.pattern)")
                $0.member("requires", "\(rule.requirement)")
            }
            $0.key("verdicts")
            $0.array { json in
                for (part, verdict) in verdicts {
                    json.object {
                        $0.member("requires", "\(part)")
                        $0.member("verdict", verdict.words)
                    }
                }
            }
            $0.member("status", status)
            $0.member("outcome", outcome.rawValue)
            $0.member("stage", stage.map { "\($0)" })
            $0.member("reason", reason)
            if !detail.isEmpty { $0.member("detail", detail) }
            $0.member("remedy", outcome.remedy)
        }
        return json.bytes
    }
}

/// The latest decisions of one worker that were given a reference.
struct Decisions {
    var limit: Int {
        didSet {
            guard limit != oldValue else { return }
            kept = Array((kept[next...] + kept[..<next]).suffix(limit))
            next = 0
        }
    }
    private var kept: [Decision] = []
    /// Where the next one goes once there are as many as there may be.
    private var next = 0

    init(limit: Int) { self.limit = limit }

    var count: Int { kept.count }

    /// One without a reference is passed over.
    mutating func add(_ decision: Decision) {
        guard !decision.reference.isEmpty else { return }
        if kept.count < limit { return kept.append(decision) }
        guard limit > 0 else { return }
        kept[next] = decision
        next = (next + 1) % limit
    }

    func find(_ reference: String) -> Decision? { kept.first { $0.reference == reference } }
}

extension Worker {
    /// Remembers an answer that shows a reference.
    func remember(_ answer: Answer, to context: RequestContext) {
        guard !context.exchange.record.reference.isEmpty else { return }
        var verdicts: [(part: Requirement, verdict: Requirement.Verdict)] = []
        if let rule = context.rule, context.visitor != nil,
            [.forbidden, .stepUpRequired, .stepUpFailed].contains(answer.outcome)
        {
            let now = loop.wallSeconds
            verdicts = rule.requirement.parts.map { ($0, $0.verdict(on: context.visitor, now: now)) }
        }
        thread.decisions.add(
            Decision(
                context.exchange.record, status: answer.response.status, outcome: answer.outcome, stage: context.stage,
                rule: context.rule, verdicts: verdicts, detail: context.detail))
    }
}
