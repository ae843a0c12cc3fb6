import HTTP
import Testing

@Suite struct AcceptEncodingTests {
    private func accepted(_ lines: String...) -> AcceptEncoding {
        AcceptEncoding(Fields(lines.map { (.acceptEncoding, $0) }))
    }

    @Test(
        arguments: [
            ("gzip, deflate, br, zstd", [.br, .gzip]), ("gzip", [.gzip]), ("br", [.br]), ("GZIP", [.gzip]),
            ("x-gzip", [.gzip]), ("*", [.br, .gzip]), ("gzip;q=0.9, br;q=0.8", [.gzip, .br]),
            ("gzip;q=0.5, br;q=0.5", [.br, .gzip]), ("br;q=0, *", [.gzip]), ("gzip;q=0, *;q=0.1", [.br]),
            ("gzip;q=0.001", [.gzip]), ("gzip ; q=1.0", [.gzip]), ("identity;q=0, gzip", [.gzip]),
            ("identity;q=0.5, gzip;q=0.4, br;q=0.6", [.br]), ("identity, gzip;q=0.5", []),
            ("identity, gzip", [.gzip]), ("*;q=0.5, gzip;q=0.2", [.br]), ("*;q=0.5, gzip;q=0.2, br;q=0", []),
            ("gzip;q=0", []), ("*;q=0", []), ("identity", []), ("deflate", []), ("", []), ("gzip;q=2", []),
            ("gzip;q=0.0001", []), ("gzip;q=", []), ("gzip;x=1", []), ("gz ip", []), ("gzip;q=0, gzip", []),
            (",, gzip ,", [.gzip]),
        ] as [(String, [ContentCoding])])
    func codingsComeInTheOrderInWhichTheClientWantsThem(_ value: String, _ expected: [ContentCoding]) {
        #expect(accepted(value).preferred(of: [.br, .gzip]) == expected)
    }

    @Test func theServersOrderDecidesWhereTheClientDoesNotCare() {
        #expect(accepted("br, gzip").preferred(of: [.gzip, .br]) == [.gzip, .br])
        #expect(accepted("br, gzip").preferred(of: [.gzip]) == [.gzip])
        #expect(accepted("br").preferred(of: []) == [])
    }

    @Test func severalLinesAreOneListAndNoneAcceptsNothing() {
        #expect(accepted("deflate", "gzip;q=0.5").preferred(of: [.br, .gzip]) == [.gzip])
        #expect(accepted().preferred(of: [.br, .gzip]) == [])
        #expect(!accepted().refusesPlain)
    }

    @Test(
        arguments: [
            ("identity;q=0", true), ("identity;q=0.000, gzip", true), ("*;q=0", true), ("gzip, *;q=0", true),
            ("*;q=0, identity;q=0.1", false), ("gzip", false), ("identity;q=0.001", false), ("", false),
        ])
    func plainContentIsRefusedInSoManyWords(_ value: String, _ refused: Bool) {
        #expect(accepted(value).refusesPlain == refused)
    }

    @Test func whatComesAfterThirtyTwoElementsCountsForNothing() {
        let many = Array(repeating: "deflate", count: 31).joined(separator: ",")
        #expect(accepted(many + ",gzip").preferred(of: [.gzip]) == [.gzip])
        #expect(accepted(many + ",deflate,gzip").preferred(of: [.gzip]) == [])
    }
}
