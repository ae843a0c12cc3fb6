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
}
