import HTTP
import Testing

@Suite struct MediaTypeTests {
    @Test(arguments: [
        ("/index.html", "text/html; charset=utf-8"), ("/a/b.CSS", "text/css; charset=utf-8"),
        ("app.min.js", "text/javascript; charset=utf-8"),
        ("/x.svg", "image/svg+xml"), ("/x.woff2", "font/woff2"), ("/x.wasm", "application/wasm"),
        ("/x.json", "application/json; charset=utf-8"),
        ("/a.tar.gz", "application/gzip"), ("/a", MediaType.unknown), ("/a.b/c", MediaType.unknown),
        ("/a.", MediaType.unknown), ("", MediaType.unknown),
        ("/a.unheardof", MediaType.unknown), ("/.html", "text/html; charset=utf-8"), ("/a.h\u{E9}", MediaType.unknown),
        ("/a." + String(repeating: "x", count: 100), MediaType.unknown),
    ])
    func isToldByTheExtension(_ path: String, _ type: String) {
        #expect(MediaType.forPath(path) == type)
    }

    @Test func partsOfPagesAreToldByTheExtension() {
        for path in ["a.js", "a.mjs", "/b/a.css", "a.png", "a.svg", "a.woff2", "a.wasm", "a.mp4", "a.mp3", "a.vtt"] {
            #expect(MediaType.isPartOfPages(path))
        }
        for path in ["a", "a.html", "a.txt", "a.pdf", "a.json", "a.zip", "a.v2", "js"] {
            #expect(!MediaType.isPartOfPages(path))
        }
    }

    @Test func textAndItsLikeGrowSmaller() {
        for type in [
            "text/html; charset=utf-8", "TEXT/CSS", "text/javascript", "application/json;x", "image/svg+xml",
            "application/ld+json", "application/wasm", "font/ttf", "application/javascript", "application/xml",
        ] { #expect(MediaType.isCompressible(type)) }
        for type in [
            "", "image/png", "video/mp4", "font/woff2", "application/zip", "application/gzip", "application/pdf",
            "text/event-stream", "application/octet-stream", "textual/x", "application/jsonx",
        ] { #expect(!MediaType.isCompressible(type)) }
    }

    @Test func pagesAreTold() {
        for type in ["text/html", "Text/HTML; charset=utf-8", "text/html ;x", "application/xhtml+xml"] {
            #expect(MediaType.isPage(type))
        }
        for type in ["", "text/htm", "text/htmlx", "text/plain", "application/xml"] { #expect(!MediaType.isPage(type)) }
    }
}
