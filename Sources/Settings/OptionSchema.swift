/// The table of all options as a JSON Schema (draft 7, which editors know), for YAML files. What it refuses does not hold;
/// of what it lets through `check` may still find more.
package enum OptionSchema {
    package static func json() -> String {
        var members: [(String, Value)] = [
            ("$schema", .text("http://json-schema.org/draft-07/schema#")), ("title", .text("Postern's config")),
        ]
        members += section("")
        return Value.object(members).written(depth: 0) + "\n"
    }

    private static func section(_ pattern: String) -> [(String, Value)] {
        var properties: [(String, Value)] = []
        var required: [Value] = []
        var named: Value?
        for key in OptionTable.keys(in: pattern) {
            let inner = pattern.isEmpty ? key : "\(pattern).\(key)"
            let option = OptionTable.option(inner)
            let value = Value.object(option.map(self.option) ?? section(inner))
            if key == "*" { named = value } else { properties.append((key, value)) }
            if option?.isRequired == true { required.append(.text(key)) }
        }
        var members: [(String, Value)] = []
        if !pattern.isEmpty, let sentence = OptionTable.section(pattern)?.sentence {
            members.append(("description", .text(sentence)))
        }
        // A section may stand there with nothing in it.
        members.append(("type", .list([.text("object"), .text("null")])))
        if !required.isEmpty { members.append(("required", .list(required))) }
        if !properties.isEmpty { members.append(("properties", .object(properties))) }
        members.append(("additionalProperties", named ?? .flag(false)))
        if named != nil, OptionTable.option("\(pattern).*") == nil,
            OptionTable.section("\(pattern).*")?.keyKind != .pattern
        {
            members.append(("propertyNames", .object([("pattern", .text("^[A-Za-z0-9_.-]{1,64}$"))])))
        }
        return members
    }

    private static func option(_ option: OptionDeclaration) -> [(String, Value)] {
        var members: [(String, Value)] = [("description", .text(option.sentence))]
        let form = form(option.form)
        if option.isList {
            // One value with commas will do as well.
            let one = Value.object([("type", scalars)])
            members.append(("anyOf", .list([.object([("type", .text("array")), ("items", .object(form))]), one])))
        } else {
            members += form
        }
        if let text = option.defaultText { members.append(("default", value(text, option))) }
        members.append(("examples", .list([value(option.example, option)])))
        return members
    }

    private static func form(_ form: ValueForm) -> [(String, Value)] {
        switch form {
        case .text: [("type", scalars)]
        case .flag:
            [("type", .list([.text("boolean"), .text("string")])), ("pattern", .text("^(\(flagWords))$"))]
        case .words(let words): [("enum", .list(words.map { .text($0) }))]
        case .number(let range, let word):
            [
                ("type", .list([.text("integer"), .text("string")])), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
                ("pattern", .text(word.map { "^(\($0)|[0-9]+)$" } ?? "^[0-9]+$")),
            ]
        case .quantity(let units):
            [
                ("type", .list([.text("string"), .text("integer")])),
                ("pattern", .text("^(0|[0-9]+(\(units.joined(separator: "|"))))$")), ("minimum", .number(0)),
                ("maximum", .number(0)),
            ]
        }
    }

    /// In any case.
    private static let flagWords = ["true", "false", "yes", "no", "on", "off"].map { word in
        word.map { "[\($0.uppercased())\($0)]" }.joined()
    }.joined(separator: "|")

    /// Plain YAML of any of these types is text to Postern.
    private static let scalars = Value.list([.text("string"), .text("number"), .text("boolean")])

    /// A default or an example as YAML has it.
    private static func value(_ text: String, _ option: OptionDeclaration) -> Value {
        if option.isList {
            let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
            return .list(SettingNode.split(bare).map { .text($0) })
        }
        let plain = SettingNode.unquote(text)
        switch option.form {
        case .flag: return .flag(plain == "true")
        case .number: return Int(plain).map { .number($0) } ?? .text(plain)
        case .text, .words, .quantity: return .text(plain)
        }
    }

    private indirect enum Value {
        case text(String)
        case number(Int)
        case flag(Bool)
        case list([Value])
        case object([(String, Value)])

        /// An object with objects in it has a line for each member, all else is on one, as all of a list is.
        /// - Parameter depth: negative within a list.
        func written(depth: Int) -> String {
            switch self {
            case .object(let members) where depth < 0:
                let texts = members.map { "\(Fault.quote($0)): \($1.written(depth: depth))" }
                return "{" + texts.joined(separator: ", ") + "}"
            case .text(let text): return Fault.quote(text)
            case .number(let number): return "\(number)"
            case .flag(let flag): return "\(flag)"
            case .list(let items): return "[" + items.map { $0.written(depth: -1) }.joined(separator: ", ") + "]"
            case .object(let members):
                guard members.contains(where: { if case .object = $1 { true } else { false } }) else {
                    return Value.object(members).written(depth: -1)
                }
                let texts = members.map { "\(Fault.quote($0)): \($1.written(depth: depth + 1))" }
                let space = String(repeating: "  ", count: depth)
                return "{\n" + texts.map { "\(space)  \($0)" }.joined(separator: ",\n") + "\n\(space)}"
            }
        }
    }
}
