/// A site's access rules: patterns of paths, what each requires, and which of them decides.

package struct Rule: Sendable, Equatable {
    package let pattern: PathPattern
    package let requirement: Requirement

    package init(pattern: PathPattern, requirement: Requirement) {
        self.pattern = pattern
        self.requirement = requirement
    }
}

/// The rules of one site. The most specific pattern that matches decides, whatever their order.
package struct RuleSet: Sendable, Equatable {
    /// Most specific first, so that the first match is the one that decides.
    package let rules: [Rule]

    /// What holds where no pattern matches, and for a site without rules.
    package static let standard = Rule(pattern: .everything, requirement: .signedIn)

    package init(_ rules: [Rule] = []) {
        self.rules = rules.sorted { $0.pattern.isMoreSpecific(than: $1.pattern) }
    }

    /// - Parameter segments: a path's segments, decoded, without empty ones but perhaps a last one.
    package func rule(for segments: [String]) -> Rule {
        let count = segments.last?.isEmpty == true ? segments.count - 1 : segments.count
        for rule in rules where rule.pattern.matches(segments, count: count) { return rule }
        return Self.standard
    }
}
