import Settings

/// The style sheet of Postern's own pages: light and dark, with a site's accent made so that it can be read on both.
///
/// All colours are custom properties at its head. Texts have a contrast of 4.5 at least, edges of controls and the
/// ring around what has the focus of 3 (WCAG 2.2, 1.4.3 and 1.4.11); the tests compute it.
enum PageStyle {
    /// The colours of one scheme, by the names of their properties.
    struct Palette {
        let ground: Colour
        let card: Colour
        let text: Colour
        let soft: Colour
        let line: Colour
        let edge: Colour
        /// The first button's, and what stands on it.
        let accent: Colour
        let onAccent: Colour
        /// Links within text.
        let link: Colour
        /// The ring around what has the focus.
        let focus: Colour

        var properties: String {
            [
                ("ground", ground), ("card", card), ("text", text), ("soft", soft), ("line", line), ("edge", edge),
                ("accent", accent), ("on-accent", onAccent), ("link", link), ("focus", focus),
            ].map { "--\($0.0):\($0.1)" }.joined(separator: ";")
        }
    }

    /// - Parameter background: what the card lies on; nothing else does.
    static func light(_ accent: Colour, on background: Colour? = nil) -> Palette {
        let ground = Colour(red: 0xF3, green: 0xF4, blue: 0xF6), text = Colour(red: 0x1C, green: 0x24, blue: 0x30)
        return Palette(
            ground: background ?? ground, card: .white, text: text, soft: Colour(red: 0x56, green: 0x61, blue: 0x73),
            line: Colour(red: 0xD9, green: 0xDE, blue: 0xE6), edge: Colour(red: 0x7B, green: 0x86, blue: 0x98),
            accent: accent, onAccent: readable(on: accent),
            link: accent.contrast(with: .white) >= 4.5 ? accent : text,
            focus: accent.contrast(with: ground) >= 3 ? accent : text)
    }

    static func dark(_ accent: Colour, on background: Colour? = nil) -> Palette {
        let card = Colour(red: 0x1B, green: 0x21, blue: 0x2B)
        let lightened = mixed(accent, with: .white) { $0.contrast(with: card) >= 5 }
        return Palette(
            ground: background.map { mixed($0, with: .black) { $0.contrast(with: .white) >= darkest } }
                ?? Colour(red: 0x12, green: 0x16, blue: 0x1D),
            card: card,
            text: Colour(red: 0xE8, green: 0xEC, blue: 0xF2), soft: Colour(red: 0xA3, green: 0xAD, blue: 0xBC),
            line: Colour(red: 0x32, green: 0x3B, blue: 0x49), edge: Colour(red: 0x74, green: 0x80, blue: 0x94),
            accent: lightened, onAccent: readable(on: lightened), link: lightened, focus: lightened)
    }

    /// What a dark ground's contrast with white is at least: it does not outshine the card.
    static let darkest = 16.0

    /// The colour as it is where it will do, else with as much of the other as it takes.
    private static func mixed(_ colour: Colour, with other: Colour, until isEnough: (Colour) -> Bool) -> Colour {
        for step in 0..<20 {
            let mixed = colour.mixed(with: other, Double(step) / 20)
            if isEnough(mixed) { return mixed }
        }
        return other
    }

    /// White or black: one of the two has a contrast of 4.5 at least with any colour.
    private static func readable(on colour: Colour) -> Colour {
        colour.contrast(with: .white) >= 4.5 ? .white : .black
    }

    static func sheet(accent: Colour, background: Colour? = nil) -> String {
        ":root{color-scheme:light dark;\(light(accent, on: background).properties)}"
            + "@media(prefers-color-scheme:dark){:root{\(dark(accent, on: background).properties)}}" + rules
    }

    private static let rules = """
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;\
        justify-content:center;padding:clamp(.75rem,4vw,1.5rem);background:var(--ground);color:var(--text);\
        font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
        body:lang(ja){line-break:strict;word-break:auto-phrase;font-family:system-ui,-apple-system,"Hiragino Sans","Yu Gothic UI",Meiryo,\
        "Noto Sans CJK JP","Noto Sans JP",sans-serif}
        .card{width:100%;max-width:32rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;\
        padding:clamp(1.25rem,5vw,2rem)}
        header{margin:0 0 1.25rem;color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
        header p{margin:0}
        .logo{display:block;max-width:100%;max-height:3rem;margin:0 0 .75rem}
        h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.3;overflow-wrap:anywhere;text-wrap:balance}
        main p{margin:0 0 .75rem;overflow-wrap:anywhere}
        .actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 0;padding:0;list-style:none}
        .choice{flex-direction:column}
        form{margin:0}
        .actions a,button{display:inline-flex;align-items:center;justify-content:center;width:100%;\
        min-height:2.75rem;padding:.5rem 1.125rem;border:1px solid var(--edge);border-radius:.5rem;background:none;\
        color:var(--text);font:inherit;line-height:1.3;text-align:center;text-decoration:none;cursor:pointer;\
        overflow-wrap:anywhere}
        .actions a:hover,button:hover{text-decoration:underline;border-color:var(--text)}
        .actions .first,button.first{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
        .actions .first:hover,button.first:hover{border-color:var(--text)}
        a:focus-visible,button:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
        footer{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between;margin:1.5rem 0 0;\
        padding:1rem 0 0;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem}
        footer p{margin:0}
        footer a{color:var(--link)}
        code{font:.875rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--text);user-select:all}
        @media(max-width:26rem){.actions{flex-direction:column}}
        @media(forced-colors:active){.actions .first,button.first{border-width:2px}}
        """
}
