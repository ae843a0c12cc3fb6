import HTTP
import Testing

@Suite struct AcceptLanguageTests {
    private let languages = ["en", "de", "fr", "es", "ja"]

    private func best(_ lines: String...) -> String? {
        AcceptLanguage.best(of: languages, for: Fields(lines.map { (.acceptLanguage, $0) }))
    }

    @Test(
        arguments: [
            ("de", "de"), ("DE-at", "de"), ("fr-CA, fr;q=0.9, en;q=0.5", "fr"), ("ja-JP-u-ca-japanese", "ja"),
            ("es-419", "es"), ("pt, it;q=0.9, es;q=0.1", "es"), ("en;q=0.8, de;q=0.9", "de"), ("en, de", "en"),
            ("de, en", "de"), ("de ; q=0.5 , fr ; q=0.7", "fr"), ("zh, *", "en"), ("*", "en"), ("*, en;q=0", "de"),
            ("de;q=0.001", "de"), ("fr;q=1.000, de;q=0.999", "fr"), ("de;q=0, fr", "fr"), ("de-CH;q=0, de", "de"),
            ("\tde\t", "de"), (",,de,,", "de"),
        ] as [(String, String)])
    func theLanguageThatIsWantedMostIsFound(value: String, expected: String) {
        #expect(best(value) == expected)
    }

    @Test(arguments: [
        "", "zh-Hans, ru", "de;q=0", "*;q=0", "deutsch", "d", "de;q=2", "de;q=1.001", "de;q=0.0001", "de;q=", "de;q=x",
        "de;q=-1", "de;q=.5", "de;level=1", "de;q=0.5;q=0.6", "de_AT", "-de", "de-", "de--AT", "dé", "de AT", "de/*",
        "de-toolongsubtag", "\u{0}", ";q=1", "*-de",
    ])
    func whatNamesNoneOfThemOrDoesNotHoldNamesNone(value: String) {
        #expect(best(value) == nil)
    }

    @Test func severalLinesAreOneList() {
        #expect(best("zh, de;q=0.5", "fr;q=0.7") == "fr")
        #expect(best() == nil)
    }

    @Test func thirtyTwoRangesAreLookedAtAndNoMore() {
        let others = Array(repeating: "zh", count: AcceptLanguage.rangeLimit - 1)
        #expect(best((others + ["de"]).joined(separator: ",")) == "de")
        #expect(best((others + ["zh", "de"]).joined(separator: ",")) == nil)
        #expect(best(others.joined(separator: ","), "zh", "de") == nil)
    }

    @Test(arguments: 0..<200)
    func noiseNamesALanguageOrNone(seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        let alphabet = Array("de-fr*;q=0.19, \t\u{E9}en".unicodeScalars)
        let text = (0..<(seed * 7)).map { _ -> Character in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Character(alphabet[Int(state % UInt64(alphabet.count))])
        }
        if let found = best(String(text)) { #expect(languages.contains(found)) }
    }
}
