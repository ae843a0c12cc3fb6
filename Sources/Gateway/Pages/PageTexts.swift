import HTTP
import Settings

/// The words of Postern's own pages: each language's, and a site's own in their place.
struct PageTexts: Sendable {
    static func table(_ language: PageLanguage) -> [PageText: String] {
        switch language {
        case .english: english
        case .german: german
        case .french: french
        case .spanish: spanish
        case .japanese: japanese
        }
    }

    private let tables: [PageLanguage: [PageText: String]]

    /// - Parameter settings: the site's own words, in a language or in any.
    init(_ settings: PageSettings = PageSettings()) {
        tables = Dictionary(
            uniqueKeysWithValues: PageLanguage.allCases.map { language in
                let own = settings.textsInAnyLanguage.merging(settings.texts[language] ?? [:]) { _, exact in exact }
                return (language, Self.table(language).merging(own) { _, own in own })
            })
    }

    /// The words for `text`, with what stands for its placeholders, such as `{account}`. It is read once: what is put
    /// in for one is not searched for others.
    func words(_ text: PageText, _ language: PageLanguage, _ values: [String: String] = [:]) -> String {
        let words = tables[language]?[text] ?? ""
        guard words.contains("{") else { return words }
        var out = ""
        var rest = words[...]
        while let open = rest.firstIndex(of: "{") {
            out += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                let value = values[String(rest[rest.index(after: open)..<close])]
            else {
                out.append(rest.removeFirst())
                continue
            }
            out += value
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }

    /// The language that a client asks for most; English where it asks for none of these.
    static func language(for fields: Fields) -> PageLanguage {
        AcceptLanguage.best(of: PageLanguage.allCases.map(\.rawValue), for: fields).flatMap(PageLanguage.init)
            ?? .english
    }
}
