import Settings
import Testing

struct Person: RuleSubject {
    var groups: [String] = []
    var email: String?
    var isEmailVerified: Bool?
    var claims: [String: [String]] = [:]

    func claimValues(_ name: String) -> [String] { claims[name] ?? [] }
}

struct RuleTests {
    func matches(_ pattern: String, _ path: [String]) throws -> Bool { try PathPattern(pattern).matches(path) }

    @Test func allBelowMatchesTheFolderItselfAndWhatIsInIt() throws {
        for path in [["public"], ["public", ""], ["public", "a"], ["public", "a", "b", ""]] {
            #expect(try matches("/public/**", path))
        }
        for path in [[], [""], ["publicX"], ["Public"], ["public.html"], ["a", "public"]] {
            #expect(try !matches("/public/**", path))
        }
    }

    @Test func oneStarIsOneSegment() throws {
        #expect(try matches("/*/edit", ["a", "edit"]))
        #expect(try !matches("/*/edit", ["edit"]))
        #expect(try !matches("/*/edit", ["a", "b", "edit"]))
        #expect(try matches("/*", ["a"]) && matches("/*", ["a", ""]))
        #expect(try !matches("/*", []) && !matches("/*", [""]))
    }

    @Test func rootIsItself() throws {
        #expect(try matches("/", []) && matches("/", [""]))
        #expect(try !matches("/", ["a"]))
        #expect(try matches("/**", []) && matches("/**", ["a", "b"]))
    }

    @Test func slashAtTheEndSaysNothing() throws {
        #expect(try PathPattern("/docs/") == PathPattern("/docs"))
        #expect(try matches("/docs/", ["docs"]) && matches("/docs", ["docs", ""]))
    }

    @Test func segmentsCompareDecoded() throws {
        #expect(try matches("/a b/%C3%A9", ["a b", "é"]))
        #expect(try matches("/a%20b", ["a b"]))
        #expect(try matches("/%2A", ["*"]) && !matches("/%2A", ["x"]))
        #expect(try !matches("/caf\u{E9}", ["cafe\u{301}"]))
        #expect(try matches("/100%25", ["100%"]))
    }

    @Test(arguments: [
        "", "a", "/a//b", "/**/b", "/a*", "/a?b", "/a#b", "/..", "/a/./b", "/%2E%2E", "/a%2Fb", "/%zz", "/%FF", "/a%00",
    ])
    func patternThatDoesNotHoldIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try PathPattern(text) }
    }

    @Test(arguments: ["/", "/**", "/a/**", "/a/*/c", "/a b", "/é", "/%2A%25%23%3F"])
    func patternPrintsAsItIsRead(text: String) throws {
        #expect(try PathPattern(PathPattern(text).description) == PathPattern(text))
    }

    @Test func mostSpecificPatternDecides() throws {
        let rules = RuleSet([
            Rule(pattern: try PathPattern("/**"), requirement: .signedIn),
            Rule(pattern: try PathPattern("/a/**"), requirement: .groups(["a"])),
            Rule(pattern: try PathPattern("/a/*"), requirement: .groups(["star"])),
            Rule(pattern: try PathPattern("/a/b"), requirement: .nobody),
            Rule(pattern: try PathPattern("/a/*/c"), requirement: .groups(["c"])),
            Rule(pattern: try PathPattern("/a/b/**"), requirement: .anyone),
            Rule(pattern: try PathPattern("/a"), requirement: .groups(["exact"])),
        ])
        #expect(rules.rule(for: []).requirement == .signedIn)
        #expect(rules.rule(for: ["x", "y"]).requirement == .signedIn)
        #expect(rules.rule(for: ["a"]).requirement == .groups(["exact"]))
        #expect(rules.rule(for: ["a", "x"]).requirement == .groups(["star"]))
        #expect(rules.rule(for: ["a", "b"]).requirement == .nobody)
        #expect(rules.rule(for: ["a", "x", "c"]).requirement == .groups(["c"]))
        #expect(rules.rule(for: ["a", "x", "d"]).requirement == .groups(["a"]))
        #expect(rules.rule(for: ["a", "b", "c"]).requirement == .anyone)
    }

    @Test func pathThatNoPatternMatchesAsksForSignIn() throws {
        #expect(RuleSet().rule(for: ["a"]).requirement == .signedIn)
        let rules = RuleSet([Rule(pattern: try PathPattern("/public/**"), requirement: .anyone)])
        #expect(rules.rule(for: ["private"]).requirement == .signedIn)
    }

    @Test(arguments: 0..<200)
    func orderNeverMatters(seed: Int) throws {
        var random = Generator(state: UInt64(seed))
        var patterns: Set<PathPattern> = []
        for _ in 0..<8 {
            var parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                ["a", "b", "*"].randomElement(using: &random)!
            }
            if Bool.random(using: &random) { parts.append("**") }
            patterns.insert(try PathPattern("/" + parts.joined(separator: "/")))
        }
        let rules = patterns.map { Rule(pattern: $0, requirement: .groups([$0.description])) }
        let one = RuleSet(rules.shuffled(using: &random))
        let other = RuleSet(rules.shuffled(using: &random))
        for _ in 0..<40 {
            let path = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                ["a", "b", "c"].randomElement(using: &random)!
            }
            let rule = one.rule(for: path)
            #expect(rule == other.rule(for: path))
            let matching = rules.filter { $0.pattern.matches(path) }
            #expect(matching.isEmpty == (rule == RuleSet.standard && !patterns.contains(.everything)))
            for match in matching where match != rule {
                #expect(rule.pattern.isMoreSpecific(than: match.pattern))
                #expect(!match.pattern.isMoreSpecific(than: rule.pattern))
            }
        }
    }

    @Test func requirementsReadAndPrint() throws {
        #expect(try Requirement("anyone") == .anyone)
        #expect(try Requirement("groups:admins, staff") == .groups(["admins", "staff"]))
        #expect(try Requirement("email:*@example.com,bob@x.org") == .email(["*@example.com", "bob@x.org"]))
        #expect(try Requirement("claim:cognito:groups=a=b") == .claim(name: "cognito:groups", value: "a=b"))
        let both = Requirement.all([.groups(["a b"]), .claim(name: "dept", value: "R&D")])
        #expect(try Requirement("groups:a b and  claim:dept=R&D") == both)
        #expect(try Requirement(both.description) == both)
        #expect(throws: ValueProblem.self) { try Requirement("claim:dept=R and D") }
    }

    @Test(arguments: [
        "", "Anyone", "signed in", "groups:", "groups:a,,b", "groups:a and", "and", "email:bob", "email:*",
        "email:b*@x.org",
        "email:a@*.org", "email:@x", "claim:a", "claim:=b", "group:a", "groups:a or groups:b and x",
    ])
    func requirementThatDoesNotHoldIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try Requirement(text) }
    }

    @Test func requirementsAreMetByWhomTheyName() throws {
        let stranger: Person? = nil
        let bob = Person(groups: ["staff"], email: "Bob@Example.com", claims: ["dept": ["hr", "it"]])
        #expect(try Requirement("anyone").isMet(by: stranger))
        #expect(try !Requirement("signed-in").isMet(by: stranger) && Requirement("signed-in").isMet(by: bob))
        #expect(try !Requirement("nobody").isMet(by: bob))
        #expect(try Requirement("groups:admins,staff").isMet(by: bob) && !Requirement("groups:admins").isMet(by: bob))
        #expect(try Requirement("email:bob@example.com").isMet(by: bob))
        #expect(
            try Requirement("email:*@example.com").isMet(by: bob) && !Requirement("email:*@ample.com").isMet(by: bob))
        #expect(try Requirement("claim:dept=it").isMet(by: bob) && !Requirement("claim:dept=i").isMet(by: bob))
        #expect(try Requirement("groups:staff and email:*@example.com").isMet(by: bob))
        #expect(try !Requirement("groups:staff and email:*@x.org").isMet(by: bob))
        #expect(try !Requirement("groups:staff and signed-in").isMet(by: stranger))
    }

    @Test func addressThatTheProviderDoesNotVouchForIsNone() throws {
        let rule = try Requirement("email:*@example.com")
        #expect(!rule.isMet(by: Person(email: "bob@example.com", isEmailVerified: false)))
        #expect(rule.isMet(by: Person(email: "bob@example.com", isEmailVerified: true)))
        #expect(!rule.isMet(by: Person(email: "evil@x.org@example.com")))
        #expect(!rule.isMet(by: Person(email: "@example.com")))
        #expect(!rule.isMet(by: Person()))
    }
}
