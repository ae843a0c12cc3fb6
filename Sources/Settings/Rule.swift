/// A site's access rules: patterns of paths, what each requires, and which of them decides.

package struct Rule: Sendable, Equatable {
    package let pattern: PathPattern
    /// Empty for all.
    package let methods: Set<ContentMethod>
    package let requirement: Requirement

    package init(pattern: PathPattern, methods: Set<ContentMethod> = [], requirement: Requirement) {
        self.pattern = pattern
        self.methods = methods
        self.requirement = requirement
    }

    /// A rule for GET is one for HEAD too, which asks for the same without its content.
    func applies(to method: ContentMethod) -> Bool {
        methods.isEmpty || methods.contains(method) || method == .head && methods.contains(.get)
    }

    /// Whether this one decides where both match: by its pattern, and of one pattern the rule that names methods, with
    /// HEAD first, before the one that does not.
    func isMoreSpecific(than other: Rule) -> Bool {
        guard pattern == other.pattern else { return pattern.isMoreSpecific(than: other.pattern) }
        return rank > other.rank
    }

    private var rank: Int { methods.isEmpty ? 0 : methods.contains(.head) ? 2 : 1 }
}

/// The methods that rules tell apart: content has the first two, and apps all of them.
package enum ContentMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
}

/// What a rule's key says: a pattern, perhaps behind the methods that it is for, as in `GET,HEAD /reports/**`.
package struct RuleKey: Sendable, Hashable {
    package let methods: Set<ContentMethod>
    package let pattern: PathPattern

    package init(_ text: String) throws(ValueProblem) {
        guard !text.hasPrefix("/"), let space = text.firstIndex(of: " ") else {
            methods = []
            pattern = try PathPattern(text)
            return
        }
        var methods: Set<ContentMethod> = []
        for word in text[..<space].split(separator: ",", omittingEmptySubsequences: false) {
            guard let method = ContentMethod(rawValue: String(word)) else {
                throw ValueProblem(
                    "'\(word)' is no method that is served",
                    "Write \(Sentence.or(ContentMethod.allCases.map(\.rawValue))), or several with commas")
            }
            methods.insert(method)
        }
        self.methods = methods
        pattern = try PathPattern(String(text[space...]).trimmed)
    }
}

/// The rules of one site. The most specific pattern that matches decides, whatever their order.
package struct RuleSet: Sendable, Equatable {
    /// Most specific first, so that the first match is the one that decides.
    package let rules: [Rule]

    /// What holds where no pattern matches, and for a site without rules.
    package static let standard = Rule(pattern: .everything, requirement: .signedIn)

    package init(_ rules: [Rule] = []) {
        self.rules = rules.sorted { $0.isMoreSpecific(than: $1) }
    }

    /// - Parameter segments: a path's segments, decoded, without empty ones but perhaps a last one.
    package func rule(for segments: [String], method: ContentMethod = .get) -> Rule {
        let count = segments.last?.isEmpty == true ? segments.count - 1 : segments.count
        for rule in rules where rule.pattern.matches(segments, count: count) && rule.applies(to: method) { return rule }
        return Self.standard
    }
}
