import HTTP
import Testing

@testable import Gateway
@testable import Settings

@Suite struct ContentResolverTests {
    typealias Step = ContentResolver.Step
    typealias Use = ContentResolver.Step.Use

    private func resolver(_ content: ContentSettings, _ mounts: [String: String] = [:]) throws -> ContentResolver {
        let entries = try mounts.map { PathMap<String>.Entry(try PathPattern($0.key + "/**"), $0.value) }
        return ContentResolver(content, origin: "o", mounts: PathMap(entries))
    }

    /// All steps, those that stand in among them.
    private func steps(
        _ target: String, isNavigation: Bool = true, purpose: Navigation.Purpose = .untold,
        _ content: ContentSettings = ContentSettings(), mounts: [String: String] = [:]
    ) throws -> [Step] {
        let target = try RequestTarget(target), resolver = try resolver(content, mounts)
        return resolver.steps(for: target)
            + resolver.standIns(for: target, isNavigation: isNavigation, purpose: purpose)
    }

    private func step(_ key: String, _ use: Use = .object, origin: String = "o") -> Step {
        Step(place: ContentResolver.Place(origin: origin, key: key), use: use)
    }

    @Test func aDirectoryHasItsIndex() throws {
        #expect(try steps("/") == [step("index.html")])
        #expect(try steps("/a/b/") == [step("a/b/index.html")])
        #expect(try steps("/a/", ContentSettings(index: nil)) == [])
    }

    @Test func aFileIsItself() throws {
        #expect(try steps("/a/b.css") == [step("a/b.css")])
        #expect(try steps("/a%20b%2B.txt?x=1") == [step("a b+.txt")])
    }

    @Test(arguments: ["a/b", "a/v1.2", "a/.b"])
    func aDirectoryWithoutItsSlashIsProbed(_ path: String) throws {
        #expect(
            try steps("/\(path)?x=1") == [step(path), step(path + "/index.html", .redirect(to: "/\(path)/?x=1"))])
    }

    @Test func cleanURLsTryThePageThenTheDirectory() throws {
        let clean = ContentSettings(cleanURLs: true)
        #expect(try steps("/a", clean) == [step("a"), step("a.html"), step("a/index.html")])
        #expect(try steps("/a.png", clean) == [step("a.png")])
    }

    @Test func theFallbackIsForNavigationsWithoutAnExtensionOnly() throws {
        let content = ContentSettings(fallback: "/app.html"), page = step("app.html", .page(status: 200))
        #expect(try steps("/app/x", content).last == page)
        #expect(try steps("/app/v1.2/", content).last == page)
        #expect(try !steps("/app/x", isNavigation: false, content).contains(page))
        #expect(try !steps("/app/x", isNavigation: false, purpose: .part, content).contains(page))
        #expect(try steps("/app/x.js", content) == [step("app/x.js")])
    }

    @Test func theSitesOwnPageComesLastAndNeverForAPartOfAPage() throws {
        let content = ContentSettings(notFound: "/404.html"), page = step("404.html", .page(status: 404))
        #expect(try steps("/x.txt", content) == [step("x.txt"), page])
        #expect(try steps("/x.js", content) == [step("x.js")])
        #expect(try steps("/x.js", purpose: .page, content) == [step("x.js"), page])
        #expect(try steps("/x", purpose: .part, content).contains(page) == false)
    }

    @Test func aDotAtEitherEndIsNoExtension() throws {
        let content = ContentSettings(fallback: "/i.html")
        #expect(try steps("/.well-known", content).contains(step("i.html", .page(status: 200))))
        #expect(try steps("/a.", content).contains(step("i.html", .page(status: 200))))
    }

    @Test func aMountHasWhatIsBelowItsPathAndTheLongestDecides() throws {
        let mounts = ["/r": "one", "/r/x y": "two"]
        func first(_ target: String) throws -> Step? { try steps(target, mounts: mounts).first }
        #expect(try first("/a.txt") == step("a.txt"))
        #expect(try first("/ra/b.txt") == step("ra/b.txt"))
        #expect(try first("/r/a.txt") == step("a.txt", origin: "one"))
        #expect(try first("/r/") == step("index.html", origin: "one"))
        #expect(try first("/r/x%20y/a.txt") == step("a.txt", origin: "two"))
        #expect(try first("/R/a.txt") == step("R/a.txt"))
        #expect(try steps("/r", mounts: mounts) == [step("index.html", .redirect(to: "/r/"), origin: "one")])
        #expect(
            try steps("/r?q", ContentSettings(cleanURLs: true), mounts: mounts)
                == [step("index.html", .redirect(to: "/r/?q"), origin: "one")])
        #expect(try steps("/r", ContentSettings(index: nil), mounts: mounts) == [])
    }

    @Test func pagesThatStandInArePathsOnTheSite() throws {
        let mounts = ["/r": "one"]
        let content = ContentSettings(fallback: "/r/app.html", notFound: "/404.html", forbidden: "/r/403.html")
        let fallback = step("app.html", .page(status: 200), origin: "one")
        let lost = step("404.html", .page(status: 404))
        #expect(try steps("/r/x", content, mounts: mounts).suffix(2) == [fallback, lost])
        #expect(try !steps("/x", content, mounts: mounts).contains(fallback))
        let resolver = try resolver(content, mounts), target = try RequestTarget("/x")
        #expect(resolver.refusal(for: target, purpose: .untold) == step("403.html", .page(status: 403), origin: "one"))
        #expect(resolver.refusal(for: target, purpose: .part) == nil)
        #expect(try self.resolver(ContentSettings()).refusal(for: target, purpose: .page) == nil)
    }
}

/// What holds for all paths and settings.
@Suite struct ContentResolverPropertyTests {
    private static let segments = [
        "a", "b.js", "c.html", "d.png", "v1.2", ".x", "x.", "%2e", "%2E%2e", "..", ".", "", "%2f", "%5c", "\\", "é",
        "%C3%A9", "a%20b", "evil.example", "r", "R", "%72", "%00", "a;b", "@h", "a:b", "%252f", "%09", "~",
    ]
    private static let queries: [String?] = [nil, nil, "", "x=1", "//evil.example", "a=/../b", "%0d%0aX:1"]

    private struct Case {
        let raw: String
        let target: RequestTarget
        let content: ContentSettings
        let resolver: ContentResolver
        let isNavigation: Bool
        let purpose: Navigation.Purpose
        let steps: [ContentResolver.Step]
        let standIns: [ContentResolver.Step]
    }

    private static func cases(_ count: Int, seed: UInt64) throws -> [Case] {
        var random = SeededRandom(state: seed)
        var found: [Case] = []
        for _ in 0..<count {
            let parts = (0..<Int.random(in: 0...5, using: &random)).map { _ in segments.randomElement(using: &random)! }
            let slash = Bool.random(using: &random) ? "/" : ""
            let query = queries.randomElement(using: &random)!.map { "?" + $0 } ?? ""
            let raw = "/" + parts.joined(separator: "/") + slash + query
            guard let target = try? RequestTarget(raw) else { continue }
            let content = ContentSettings(
                index: [nil, "index.html", "default.htm"].randomElement(using: &random)!,
                fallback: [nil, "/app.html", "/r/app.html"].randomElement(using: &random)!,
                cleanURLs: Bool.random(using: &random),
                notFound: [nil, "/404.html"].randomElement(using: &random)!,
                forbidden: [nil, "/403.html"].randomElement(using: &random)!)
            var mounts: [PathMap<String>.Entry] = []
            for path in ["/r", "/a/b.js", "/a/r"] where Bool.random(using: &random) {
                mounts.append(.init(try PathPattern(path + "/**"), path))
            }
            let resolver = ContentResolver(content, origin: "o", mounts: PathMap(mounts))
            let isNavigation = Bool.random(using: &random)
            let purpose = [Navigation.Purpose.page, .part, .untold].randomElement(using: &random)!
            found.append(
                Case(
                    raw: raw, target: target, content: content, resolver: resolver, isNavigation: isNavigation,
                    purpose: purpose, steps: resolver.steps(for: target),
                    standIns: resolver.standIns(for: target, isNavigation: isNavigation, purpose: purpose)))
        }
        return found
    }

    @Test func noStepLeavesThePathAskedForOrThePagesThatTheConfigNames() throws {
        for one in try Self.cases(20000, seed: 1) {
            let pages = [one.content.fallback, one.content.notFound].compactMap { $0 }
            for step in one.steps {
                let mount = step.place.origin == "o" ? "" : step.place.origin
                let asked = one.target.segments.joined(separator: "/")
                #expect(("/" + asked + "/").hasPrefix(mount + "/"), "\(one.raw): \(step)")
                let relative = ("/" + asked).dropFirst(mount.count).drop { $0 == "/" }
                #expect(step.place.key.utf8.starts(with: relative.utf8), "\(one.raw): \(step)")
                let keys = step.place.key.split(separator: "/", omittingEmptySubsequences: false)
                #expect(!keys.contains("") && !keys.contains(".") && !keys.contains(".."), "\(one.raw): \(step)")
            }
            for step in one.standIns {
                let mount = step.place.origin == "o" ? "" : step.place.origin
                #expect(pages.contains(mount + "/" + step.place.key), "\(one.raw): \(step)")
            }
        }
    }

    @Test func aPartOfAPageIsNeverAnsweredWithAPage() throws {
        for one in try Self.cases(20000, seed: 2) {
            let name = one.target.isDirectory ? "" : one.target.segments.last ?? ""
            if one.purpose == .part || (one.purpose == .untold && (name == "b.js" || name == "d.png")) {
                #expect(one.standIns.isEmpty, "\(one.raw)")
                #expect(one.resolver.refusal(for: one.target, purpose: one.purpose) == nil, "\(one.raw)")
            }
            let fallback = one.standIns.contains { $0.use == .page(status: 200) }
            #expect(!fallback || (one.isNavigation && name != "b.js" && name != "d.png" && name != "c.html"))
        }
    }

    @Test func everyRedirectStaysOnTheSiteAndAddsOneSlash() throws {
        var seen = 0
        for one in try Self.cases(20000, seed: 3) {
            for case .redirect(let location) in one.steps.map(\.use) {
                seen += 1
                #expect(location.hasPrefix("/") && !location.hasPrefix("//") && !location.hasPrefix("/\\"))
                #expect(location == one.target.path + "/" + (one.target.query.map { "?" + $0 } ?? ""))
                let next = try RequestTarget(location)
                #expect(next.isDirectory && next.segments == one.target.segments)
                #expect(!one.resolver.steps(for: next).contains { if case .redirect = $0.use { true } else { false } })
            }
        }
        #expect(seen > 500)
    }

    @Test func thereAreFewStepsAndNoneTwice() throws {
        for one in try Self.cases(20000, seed: 4) {
            let all = one.steps + one.standIns
            #expect(all.count <= 5 && Set(all).count == all.count, "\(one.raw)")
            let encodings = ContentEncodings(ContentSettings(precompressed: [.br, .gzip]))
            let coded = encodings.steps(all, for: [.acceptEncoding: "br, gzip"])
            #expect(coded.count <= 13 && Set(coded).count == coded.count && coded.filter { $0.coding == nil } == all)
        }
    }
}

/// A random generator that a seed decides (splitmix64).
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
