/// How a site's pages look.
extension ConfigurationReader {
    mutating func pages(in section: SettingSection) -> PageSettings {
        var pages = PageSettings()
        pages.name = section.optional(Options.pagesName)
        pages.accent = section.value(Options.pagesAccent)
        pages.background = section.optional(Options.pagesBackground)
        pages.contact = section.optional(Options.pagesContact)
        pages.logo = logo(in: section)
        for language in section.section("texts").named {
            let known = PageLanguage(rawValue: language.name)
            guard known != nil || language.name == Self.anyLanguage else {
                let names = PageLanguage.allCases.map(\.rawValue) + [Self.anyLanguage]
                faults.error(
                    language.position, language.key, "'\(language.name)' is none of the languages that pages have",
                    "Write \(Sentence.or(names))")
                continue
            }
            let texts = self.texts(in: language)
            if let known { pages.texts[known] = texts } else { pages.textsInAnyLanguage = texts }
        }
        return pages
    }

    /// The section whose texts stand where a language has none of its own.
    private static let anyLanguage = "any"

    private mutating func texts(in section: SettingSection) -> [PageText: String] {
        guard case .section(let entries) = section.node?.content else { return [:] }
        var texts: [PageText: String] = [:]
        for entry in entries {
            guard let text = PageText(rawValue: entry.key) else {
                let nearest = Spelling.nearest(to: entry.key, among: PageText.allCases.map(\.rawValue))
                faults.error(
                    entry.position, (section.path + [entry.key]).dotted, "pages have no text '\(entry.key)'",
                    nearest.map { "Did you mean '\($0)'?" } ?? "The reference lists them under Pages", nearest: nearest)
                continue
            }
            guard case .value(let value) = entry.node.content else { continue }
            texts[text] = value.text
        }
        return texts
    }

    private mutating func logo(in section: SettingSection) -> PageLogo? {
        guard let reference = section.located(Options.pagesLogo) else { return nil }
        let key = section.key(of: Options.pagesLogo)
        switch reference.value {
        case .path(let path):
            return .path(path)
        case .file(let file):
            let located = Located(value: file, position: reference.position)
            guard let bytes = source.read(located, key: key, isSecret: false, &faults) else { return nil }
            guard bytes.count <= PageLogo.maximumSize else {
                faults.error(
                    reference.position, key,
                    "the picture is larger than \(SizeText.format(PageLogo.maximumSize)), and stands in every page",
                    "Make it smaller, or write a path on the site")
                return nil
            }
            guard let type = PageLogo.mediaType(of: bytes) else {
                faults.error(
                    reference.position, key, "the file is no picture that browsers show",
                    "Write the path of an SVG, PNG, JPEG or WebP file")
                return nil
            }
            return .data(mediaType: type, bytes)
        }
    }
}
