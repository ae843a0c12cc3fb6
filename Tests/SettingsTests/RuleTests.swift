import Settings
import Testing

struct Person: RuleSubject {
    var groups: [String] = []
    var email: String?
    var isEmailVerified: Bool?
    var claims: [String: [String]] = [:]

    func claimValues(_ name: String) -> [String] { claims[name] ?? [] }
}

extension Requirement {
    fileprivate func isMet(by subject: Person?) -> Bool { verdict(on: subject, now: 0) == .met }
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

    // MARK: Methods

    @Test func ruleMayBeForOneMethod() throws {
        let rules = RuleSet(
            try [("/a/**", "nobody"), ("GET /a/**", "anyone"), ("HEAD /a/b", "signed-in"), ("/**", "groups:g")].map {
                let key = try RuleKey($0.0)
                return Rule(pattern: key.pattern, methods: key.methods, requirement: try Requirement($0.1))
            })
        #expect(rules.rule(for: ["a", "x"], method: .get).requirement == .anyone)
        #expect(rules.rule(for: ["a", "x"], method: .head).requirement == .anyone, "HEAD is GET without content")
        #expect(rules.rule(for: ["a", "b"], method: .get).requirement == .anyone, "the rule there is for HEAD alone")
        #expect(rules.rule(for: ["a", "b"], method: .head).requirement == .signedIn)
        #expect(rules.rule(for: ["x"], method: .head).requirement == .groups(["g"]))
    }

    @Test func headHasARuleOfItsOwnWhereOneNamesIt() throws {
        for keys in [["GET /a", "HEAD /a", "/a"], ["/a", "HEAD /a", "GET /a"]] {
            let rules = RuleSet(
                try keys.map {
                    let key = try RuleKey($0)
                    return Rule(pattern: key.pattern, methods: key.methods, requirement: .groups([$0]))
                })
            #expect(rules.rule(for: ["a"], method: .get).requirement == .groups(["GET /a"]))
            #expect(rules.rule(for: ["a"], method: .head).requirement == .groups(["HEAD /a"]))
        }
    }

    @Test(arguments: [
        "TRACE /a", "get /a", "GET,TRACE /a", "GET, HEAD /a", ",GET /a", "GET,, /a", "GET a", "GET ", "GET",
    ])
    func keyThatNamesNoMethodOfContentIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try RuleKey(text) }
    }

    @Test func keyNamesMethodsBeforeItsPattern() throws {
        #expect(try RuleKey("GET,HEAD /a b/**").methods == [.get, .head])
        #expect(try RuleKey("GET  /a b/**").pattern == PathPattern("/a b/**"))
        #expect(try RuleKey("/GET /x").methods.isEmpty)
    }

    // MARK: How somebody signed in

    private func person(acr: String? = nil, at time: String? = nil, groups: [String] = []) -> Person {
        var claims: [String: [String]] = [:]
        if let acr { claims["acr"] = [acr] }
        if let time { claims["auth_time"] = [time] }
        return Person(groups: groups, claims: claims)
    }

    @Test func contextClassIsOneOfThoseListed() throws {
        let rule = try Requirement("acr:urn:x:mfa,phr")
        #expect(rule.verdict(on: person(acr: "phr"), now: 0) == .met)
        #expect(rule.verdict(on: person(acr: "urn:x:mfa"), now: 0) == .met)
        #expect(rule.verdict(on: person(acr: "PHR"), now: 0) == .stepUp)
        #expect(rule.verdict(on: person(), now: 0) == .stepUp)
        #expect(rule.verdict(on: nil as Person?, now: 0) == .refused)
        #expect(!rule.admitsStrangers && rule.admitsSomebody)
    }

    @Test(
        arguments: [
            (0, true), (900, true), (960, true), (961, false), (-60, true), (-61, false), (Int64.max, false),
        ] as [(Int64, Bool)])
    func signInMayBeAsOldAsTheRuleSaysAndTheClocksDiffer(age: Int64, isMet: Bool) throws {
        let now: Int64 = 1_700_000_000
        let verdict = try Requirement("max_age:15m").verdict(on: person(at: "\(now &- age)"), now: now)
        #expect(verdict == (isMet ? .met : .stepUp))
    }

    @Test(arguments: ["", "soon", "1e9", "1.5", "-9223372036854775808", "99999999999999999999"])
    func timeThatIsNoneIsNoRecentSignIn(time: String) throws {
        #expect(try Requirement("max_age:15m").verdict(on: person(at: time), now: 1_700_000_000) == .stepUp)
    }

    @Test func signingInAgainHelpsNobodyWhomTheRestOfTheRuleRefuses() throws {
        let rule = try Requirement("groups:admins and acr:mfa and max_age:1h")
        let now: Int64 = 10_000
        #expect(rule.verdict(on: person(acr: "pwd", at: "10000", groups: ["staff"]), now: now) == .refused)
        #expect(rule.verdict(on: person(acr: "pwd", at: "10000", groups: ["admins"]), now: now) == .stepUp)
        #expect(rule.verdict(on: person(acr: "mfa", at: "5000", groups: ["admins"]), now: now) == .stepUp)
        #expect(rule.verdict(on: person(acr: "mfa", at: "9000", groups: ["admins"]), now: now) == .met)
    }

    @Test func demandOfARuleIsAllThatItsPartsAskFor() throws {
        let demand = try Requirement("acr:a,b and groups:g and acr:b,c and max_age:1h and max_age:90s").authentication
        #expect(demand == AuthenticationDemand(acrValues: ["a", "b", "c"], maxAge: TimeSpan(seconds: 90)))
        #expect(try Requirement("signed-in and email:*@x.org").authentication.isEmpty)
        #expect(try Set(Requirement("acr:a and max_age:1h and claim:d=e").claimNames) == ["acr", "auth_time", "d"])
    }

    @Test(arguments: [
        "acr:", "acr:a b", "acr:a,", "acr:\"a\"", "acr:é", "max_age:", "max_age:0", "max_age:15", "max_age:999ms",
        "max_age:366d", "max_age:-1m",
    ])
    func demandThatDoesNotHoldIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try Requirement(text) }
    }

    @Test(arguments: ["acr:a,urn:b", "max_age:15m", "groups:a and acr:b and max_age:1h"])
    func demandPrintsAsItIsRead(text: String) throws {
        #expect(try Requirement(text).description == text)
    }
}
