/// One option of the config: its key, what it takes, what holds without it, and what it is for.
///
/// Declared once, in `Options`; checks, typed reading and the reference all come from there.
package struct Option<Value: Sendable>: Sendable {
    /// A dotted path in which `*` is a name that the config's author gives: `sites.*.session.idle`.
    package let path: String
    package let kind: ValueKind<Value>
    /// What holds where the option is left out, as it would be written; nil where there is no such value.
    package let defaultText: String?
    package let sentence: String

    package init(_ path: String, _ kind: ValueKind<Value>, default defaultText: String? = nil, _ sentence: String) {
        self.path = path
        self.kind = kind
        self.defaultText = defaultText
        self.sentence = sentence
    }

    /// What holds where the option is left out.
    var defaultValue: Value? {
        guard let defaultText else { return nil }
        let position = Position(file: "", line: nil)
        let texts = kind.isList ? SettingNode.split(defaultText) : [defaultText]
        guard case .value(let value) = kind.read(texts.map { SettingNode.Item(text: $0, position: position) }) else {
            return nil
        }
        return value
    }
}

/// An option without its type, for the table.
package struct OptionDeclaration: Sendable {
    package let path: String
    package let kindName: String
    package let isList: Bool
    package let isSecret: Bool
    package let isRequired: Bool
    package let defaultText: String?
    package let sentence: String
    package let example: String
    /// Values that hold; the items of a list where it is one.
    package let samples: [String]
    /// What the value, or one item of a list, looks like.
    let form: ValueForm
    /// What a node's items read as, in a form that equal values share; or why they do not hold.
    let check: @Sendable ([SettingNode.Item]) -> Reading<String>

    init<Value>(_ option: Option<Value>, isRequired: Bool = false, isSecret: Bool = false, example: String) {
        path = option.path
        kindName = option.kind.name
        isList = option.kind.isList
        self.isRequired = isRequired
        self.isSecret = isSecret
        defaultText = option.defaultText
        sentence = option.sentence
        self.example = example
        samples = option.kind.samples
        form = option.kind.form
        let kind = option.kind
        check = { items in
            switch kind.read(items) {
            case .value(let value): .value(String(describing: value))
            case .problems(let problems): .problems(problems)
            }
        }
    }
}

/// A section that options stand in.
package struct SectionDeclaration: Sendable {
    package let path: String
    package let sentence: String
    /// What its key is, where that is the author's to give.
    let keyKind: KeyKind

    enum KeyKind: Sendable {
        case name
        /// A pattern of paths, which the typed reading checks.
        case pattern
    }
}
