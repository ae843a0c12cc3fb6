/// What a rule requires of who asks.
package indirect enum Requirement: Sendable, Equatable, CustomStringConvertible {
    case anyone
    case signedIn
    case nobody
    /// A member of any of them.
    case groups([String])
    /// Any of them: whole addresses, or `*@` and a domain.
    case email([String])
    /// The claim is this text, or a list that has it.
    case claim(name: String, value: String)
    /// Signed in by any of these authentication context classes (`acr`).
    case acr([String])
    /// Signed in actively at most this long ago (`auth_time`).
    case maxAge(TimeSpan)
    /// Every one of them.
    case all([Requirement])

    /// Whether somebody who has not signed in may be let in.
    package var admitsStrangers: Bool {
        switch self {
        case .anyone: true
        case .all(let parts): parts.allSatisfy(\.admitsStrangers)
        default: false
        }
    }

    /// Whether signing in can help at all.
    package var admitsSomebody: Bool {
        switch self {
        case .nobody: false
        case .all(let parts): parts.allSatisfy(\.admitsSomebody)
        default: true
        }
    }

    /// What a requirement says of somebody.
    package enum Verdict: Sendable, Equatable {
        case met
        /// Nothing keeps this account out but how, or how long ago, it signed in: it may do so again.
        case stepUp
        case refused
    }

    /// - Parameters:
    ///   - subject: who has signed in; nil for a stranger.
    ///   - now: Unix seconds.
    package func verdict(on subject: (some RuleSubject)?, now: Int64) -> Verdict {
        switch self {
        case .anyone: return .met
        case .nobody: return .refused
        case .all(let parts):
            let verdicts = parts.map { $0.verdict(on: subject, now: now) }
            return verdicts.contains(.refused) ? .refused : verdicts.contains(.stepUp) ? .stepUp : .met
        case .acr(let values):
            guard let subject else { return .refused }
            return subject.claimValues("acr").contains { Self.isListed($0, in: values) } ? .met : .stepUp
        case .maxAge(let limit):
            guard let subject else { return .refused }
            return Self.isRecent(subject, limit, now: now) ? .met : .stepUp
        case .signedIn, .groups, .email, .claim:
            guard let subject else { return .refused }
            return isMet(by: subject) ? .met : .refused
        }
    }

    /// By how much the provider's clock, which wrote `auth_time`, and this machine's may differ, in seconds: what was
    /// just asked for must not be too old when it arrives.
    package static let clockSkew: Int64 = 60

    private static func isRecent(_ subject: some RuleSubject, _ limit: TimeSpan, now: Int64) -> Bool {
        guard let text = subject.claimValues("auth_time").first, let time = Int64(text) else { return false }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        return !overflow && age >= -clockSkew && age <= limit.seconds + clockSkew
    }

    private func isMet(by subject: some RuleSubject) -> Bool {
        switch self {
        case .groups(let groups):
            return groups.contains { Self.isListed($0, in: subject.groups) }
        case .email(let patterns):
            guard let email = subject.email, subject.isEmailVerified != false else { return false }
            return patterns.contains { Self.matches(email, pattern: $0) }
        case .claim(let name, let value):
            return Self.isListed(value, in: subject.claimValues(name))
        default:
            return true
        }
    }

    /// By bytes: two spellings of one character are two names.
    private static func isListed(_ text: String, in list: [String]) -> Bool {
        list.contains { $0.utf8.elementsEqual(text.utf8) }
    }

    /// Without regard to the case of ASCII. `*@example.com` is every address that ends in it, with one `@`.
    private static func matches(_ email: String, pattern: String) -> Bool {
        let email = email.utf8.map(lowercase)
        let pattern = pattern.utf8.map(lowercase)
        guard pattern.starts(with: "*@".utf8) else { return email == pattern }
        let parts = email.split(separator: 0x40, omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[1] == pattern.dropFirst(2)
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    /// Reads `groups:a,b and email:*@example.com`.
    package init(_ text: String) throws(ValueProblem) {
        var parts: [Requirement] = []
        for part in Self.split(text) { parts.append(try Self.single(part)) }
        self = parts.count == 1 ? parts[0] : .all(parts)
    }

    private static let known =
        "Write anyone, signed-in, nobody, groups:a,b, email:*@example.com, claim:NAME=VALUE, acr:VALUE or max_age:15m, joined with ' and '"

    /// The parts between the words `and`.
    private static func split(_ text: String) -> [String] {
        var parts: [[Substring]] = [[]]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if word == "and" { parts.append([]) } else { parts[parts.count - 1].append(word) }
        }
        return parts.map { $0.joined(separator: " ").trimmed }
    }

    private static func single(_ text: String) throws(ValueProblem) -> Requirement {
        switch text {
        case "anyone": return .anyone
        case "signed-in": return .signedIn
        case "nobody": return .nobody
        case "": throw ValueProblem("a requirement is missing", known)
        default: break
        }
        guard let colon = text.firstIndex(of: ":") else {
            throw ValueProblem("'\(text)' is no requirement", known)
        }
        let value = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "groups":
            return .groups(try list(value, of: "group"))
        case "email":
            let patterns = try list(value, of: "address")
            for pattern in patterns {
                let parts = pattern.split(separator: "@", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !parts[1].contains("*"),
                    parts[0] == "*" || !parts[0].contains("*")
                else {
                    throw ValueProblem(
                        "'\(pattern)' is no address", "Write bob@example.com, or *@example.com for all of a domain")
                }
            }
            return .email(patterns)
        case "claim":
            guard let equals = value.firstIndex(of: "="), equals > value.startIndex else {
                throw ValueProblem("'\(text)' names no claim and value", "Write claim:NAME=VALUE")
            }
            return .claim(name: String(value[..<equals]), value: String(value[value.index(after: equals)...]))
        case "acr":
            let values = try list(value, of: "value")
            // They are a list with spaces in a URL, and quoted text in a header field.
            for value in values where !value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
                throw ValueProblem("'\(value)' is no acr value", "Write it without spaces, quotes and backslashes")
            }
            return .acr(values)
        case "max_age":
            guard let age = DurationText.parse(value), age >= shortestAge, age <= longestAge else {
                throw ValueProblem(
                    "'\(value)' is no age",
                    "Write a duration of \(DurationText.format(shortestAge)) to \(DurationText.format(longestAge)), such as 15m"
                )
            }
            return .maxAge(age)
        default:
            throw ValueProblem("'\(text)' is no requirement", known)
        }
    }

    private static let shortestAge = TimeSpan(milliseconds: 1000)
    private static let longestAge = TimeSpan(milliseconds: 365 * 86_400_000)

    private static func list(_ text: String, of noun: String) throws(ValueProblem) -> [String] {
        let items = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        guard !items.contains("") else {
            throw ValueProblem("a \(noun) is missing", "Write one at least, with commas between")
        }
        return items
    }

    package var description: String {
        switch self {
        case .anyone: "anyone"
        case .signedIn: "signed-in"
        case .nobody: "nobody"
        case .groups(let groups): "groups:" + groups.joined(separator: ",")
        case .email(let patterns): "email:" + patterns.joined(separator: ",")
        case .claim(let name, let value): "claim:\(name)=\(value)"
        case .acr(let values): "acr:" + values.joined(separator: ",")
        case .maxAge(let age): "max_age:" + DurationText.format(age)
        case .all(let parts): parts.map(\.description).joined(separator: " and ")
        }
    }
}

/// How somebody must have signed in: what a rule has a provider asked for.
package struct AuthenticationDemand: Sendable, Equatable {
    /// Any of these context classes will do; empty for any at all.
    package var acrValues: [String] = []
    /// Nil for however long ago.
    package var maxAge: TimeSpan?

    package init(acrValues: [String] = [], maxAge: TimeSpan? = nil) {
        self.acrValues = acrValues
        self.maxAge = maxAge
    }

    package var isEmpty: Bool { acrValues.isEmpty && maxAge == nil }
}

extension Requirement {
    /// What it demands of a sign-in, in the order in which it is written; the shortest of several ages.
    package var authentication: AuthenticationDemand {
        switch self {
        case .acr(let values): AuthenticationDemand(acrValues: values)
        case .maxAge(let age): AuthenticationDemand(maxAge: age)
        case .all(let parts):
            parts.map(\.authentication).reduce(into: AuthenticationDemand()) { whole, part in
                whole.acrValues += part.acrValues.filter { !whole.acrValues.contains($0) }
                whole.maxAge = [whole.maxAge, part.maxAge].compactMap { $0 }.min()
            }
        default: AuthenticationDemand()
        }
    }

    /// The claims that it asks for, beyond groups and the address.
    package var claimNames: [String] {
        switch self {
        case .claim(let name, _): [name]
        case .acr: ["acr"]
        case .maxAge: ["auth_time"]
        case .all(let parts): parts.flatMap(\.claimNames)
        default: []
        }
    }
}

/// Who asks, as rules see them.
package protocol RuleSubject {
    var groups: [String] { get }
    var email: String? { get }
    /// Nil where the provider does not say.
    var isEmailVerified: Bool? { get }
    /// A claim's values as text: one for a string, number or boolean, any number for a list, none where
    /// there is no such claim.
    func claimValues(_ name: String) -> [String]
}
