import HTTP
import Testing

@testable import Gateway
@testable import Settings

@Suite struct ContentResolverTests {
    private func steps(
        _ target: String, isNavigation: Bool = true, index: String? = "index.html", fallback: String? = nil,
        cleanURLs: Bool = false, notFound: String? = nil
    ) throws -> [ContentResolver.Step] {
        let content = ContentSettings(index: index, fallback: fallback, cleanURLs: cleanURLs, notFound: notFound)
        return ContentResolver(content).steps(for: try RequestTarget(target), isNavigation: isNavigation)
    }

    @Test func aDirectoryHasItsIndex() throws {
        #expect(try steps("/") == [.object("index.html")])
        #expect(try steps("/a/b/") == [.object("a/b/index.html")])
        #expect(try steps("/a/", index: nil) == [])
    }

    @Test func aFileIsItself() throws {
        #expect(try steps("/a/b.css") == [.object("a/b.css")])
        #expect(try steps("/a%20b%2B.txt?x=1") == [.object("a b+.txt")])
    }

    @Test func aDirectoryWithoutItsSlashIsProbed() throws {
        #expect(
            try steps("/a/b?x=1") == [
                .object("a/b"), .redirect(ifExists: "a/b/index.html", location: "/a/b/?x=1"),
            ])
    }

    @Test func cleanURLsTryThePageThenTheDirectory() throws {
        #expect(try steps("/a", cleanURLs: true) == [.object("a"), .object("a.html"), .object("a/index.html")])
        #expect(try steps("/a.png", cleanURLs: true) == [.object("a.png")])
    }

    @Test func theFallbackIsForNavigationsWithoutAnExtensionOnly() throws {
        #expect(try steps("/app/x", fallback: "/app.html").last == .page("app.html", status: 200))
        #expect(
            try steps("/app/x", isNavigation: false, fallback: "/app.html").contains(.page("app.html", status: 200))
                == false)
        #expect(try steps("/app/x.js", fallback: "/app.html") == [.object("app/x.js")])
    }

    @Test func theSitesOwnPageComesLast() throws {
        #expect(try steps("/x.js", notFound: "/404.html") == [.object("x.js"), .page("404.html", status: 404)])
    }

    @Test func aDotAtEitherEndIsNoExtension() throws {
        #expect(try steps("/.well-known", fallback: "/i.html").contains(.page("i.html", status: 200)))
        #expect(try steps("/a.", fallback: "/i.html").contains(.page("i.html", status: 200)))
    }
}

@Suite struct CacheControlTests {
    @Test(arguments: [
        (nil, "private, no-cache"), ("", "private, no-cache"), ("public, max-age=60", "private, max-age=60"),
        ("max-age=60, s-maxage=600", "private, max-age=60"), ("Public", "private"),
        ("private, max-age=5", "private, max-age=5"),
        ("public, no-store", "no-store"), ("immutable ,  PUBLIC,max-age=1", "private, immutable , max-age=1"),
    ])
    func privateContentIsNeverMarkedPublic(_ given: String?, _ expected: String) {
        #expect(CacheControl.madePrivate(given).filter { $0 != " " } == expected.filter { $0 != " " })
    }
}
