/// The reference of all options as a Markdown page, made of the table.
package enum OptionReference {
    package static func markdown() -> String {
        var out = """
            # Configuration

            Every key of Postern's config. This page is made from the table that the program itself reads by.

            A config is YAML (`.yaml`, `.yml`) or INI (`.ini`, `.conf`), two spellings of one tree. In INI a section is a \
            dotted path, `[sites.docs.session]`, and a list has commas between its items; a name or key that holds a dot, \
            an equals sign or a comma stands in double quotes. In YAML a list may be written with commas as well. \
            `#` begins a comment, in INI `;` too. `NAME` stands for a name that you give: letters, digits, `-`, `_` and `.`.

            An unknown key is an error. `postern check --config FILE` tells all that is wrong with a file at once, with \
            its line, and never touches the network. Relative paths start from the directory of the file that they stand in. \
            Environment variables take the place of keys, `POSTERN_LOG_LEVEL` that of `log.level`: see \
            [the reference](reference.md#command-line).

            | kind | how it is written |
            | --- | --- |
            | duration | a number and `ms`, `s`, `m`, `h` or `d`: `90s`, `12h` |
            | size | a number and `B`, `KiB`, `MiB` or `GiB`: `16KiB` |
            | secret | `file:PATH`, `env:NAME`, or `credential:NAME` for a file in systemd's credentials directory; \
            a line feed at the end is left out. Anything else is the secret itself, with a warning where others may read \
            the config. A private key may also be named by its path alone |
            | reference or text | the same, for what is no secret: it may stand in the config |
            | file | a path, or `env:NAME` or `credential:NAME` |
            | address | `ADDRESS:PORT`, `[IPV6]:PORT`, or `unix:PATH` |
            | CIDR | `10.0.0.0/8`, `fd00::/8`, or one address |
            | requirement | `anyone`, `signed-in`, `nobody`, `groups:a,b` (any of them), `email:*@example.com,bob@x.org`, \
            `claim:NAME=VALUE`, `acr:VALUE,VALUE`, `max_age:15m`; several joined with ` and ` must all hold |

            """
        var isTableOpen = false
        for row in OptionTable.rows {
            switch row {
            case .section(let section):
                let title = section.path.isEmpty ? "Top level" : "`\(shown(section.path))`"
                out += "\n## \(title)\n\n\(section.sentence)\n"
                isTableOpen = false
            case .option(let option):
                if !isTableOpen {
                    out += "\n| key | kind | default | what it is |\n| --- | --- | --- | --- |\n"
                    isTableOpen = true
                }
                let key = shown(option.path).split(separator: ".").last ?? ""
                out +=
                    "| `\(key)` | \(option.kindName) | \(defaultCell(option)) | \(option.sentence) Example: `\(option.example)` |\n"
            }
        }
        return out
    }

    private static func shown(_ path: String) -> String {
        var parts: [String] = []
        for part in path.split(separator: ".").map(String.init) {
            parts.append(part == "*" ? placeholders[parts.last ?? ""] ?? "NAME" : part)
        }
        return parts.joined(separator: ".")
    }

    /// What stands for a key of the author's in those sections whose keys are no names.
    private static let placeholders = [
        "rules": "PATTERN", "cache_control": "PATTERN", "headers": "PATTERN", "mounts": "PATH", "PATTERN": "FIELD",
    ]

    private static func defaultCell(_ option: OptionDeclaration) -> String {
        if option.isRequired { return "required" }
        guard let text = option.defaultText else { return "" }
        return text.isEmpty ? (option.isList ? "none" : "empty") : "`\(text)`"
    }
}
