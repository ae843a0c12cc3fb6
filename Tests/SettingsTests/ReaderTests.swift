import Settings
import Testing

/// The two readers before text that does not hold, or that means harm.
struct ReaderTests {
    func faults(_ text: String, _ ending: String = "yaml") -> [String] {
        load(text, as: ending).faults.filter { $0.severity == .error }.map { "\($0.line ?? 0): \($0.message)" }
    }

    @Test func yamlThatDoesNotParseIsAFaultWithItsLine() {
        #expect(faults("a: [1\nb: 2\n").first?.hasPrefix("2: this is no YAML") == true)
        #expect(faults("listeners:\n  a: b: c\n").first?.hasPrefix("2: this is no YAML") == true)
        #expect(faults("a: 'x\n").count == 1)
        #expect(faults("- a\n- b\n").contains("1: a config is a section with keys"))
        #expect(faults("text").contains("1: a config is a section with keys"))
        #expect(faults("a: 1\n---\nb: 2\n").first?.contains("another document") == true)
    }

    @Test func tabsInIndentationAreToldAllAtOnce() {
        #expect(faults("listeners:\n\tweb:\n  x: 1\n \ty: 2\n").map { $0.prefix(2) } == ["2:", "4:"])
    }

    @Test func emptyFileLacksWhatIsRequired() {
        for text in ["", "# nothing\n", "{}", "---\n"] {
            #expect(faults(text) == ["1: no listener is configured", "1: no site is configured"])
        }
    }

    @Test func repeatedKeysAreToldWithBothLinesAndTheRestIsRead() {
        let text = """
            workers: 1
            log:
              level: info
              format: json
              level: debug
            "workers": 2
            limits: {request_line: 8KiB}
            wrokers: 3
            """
        let found = faults(text)
        #expect(found.contains("5: the key stands here again, after line 3"))
        #expect(found.contains("6: the key stands here again, after line 1"))
        #expect(found.contains { $0.hasPrefix("8: unknown key 'wrokers'") })
        #expect(faults("limits: {a: 1, a: 2}").first == "1: more than once in one section: 'a'")
    }

    @Test func anchorsAndMergeKeysAreRefused() {
        let anchors = faults("log: &x {level: info}\nlimits: *x\n")
        #expect(anchors.filter { $0.contains("anchors and aliases") }.count == 2)
        #expect(faults("log:\n  <<: {level: info}\n").contains("2: merge keys are not supported"))
    }

    @Test(.timeLimit(.minutes(1))) func aliasBombCostsNothing() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (previous, name) in zip("abcdefgh", "bcdefghi") {
            text += "\(name): &\(name) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ", ") + "]\n"
        }
        text += "? *i\n: 1\n? [*i]\n: 2\n"
        #expect(faults(text).count == 1)
        #expect(faults("a: &a [x]\nb: [*a, *a]\n? [*a]\n: 1\n").count > 2)
    }

    @Test func deepNestingIsRefused() {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 50_000),
            String(repeating: "- ", count: 100_000) + "a",
            "a: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
            (0..<600).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        ] {
            #expect(!faults(text).isEmpty)
        }
        #expect(!faults("[" + Array(repeating: "a", count: 20).joined(separator: ".") + "]", "ini").isEmpty)
    }

    @Test func fileAtTheLimitIsReadAndOnePastIsNot() {
        let head = "log: {level: info}\n#"
        let limit = 1024 * 1024
        let atLimit = head + String(repeating: "x", count: limit - head.utf8.count)
        #expect(faults(atLimit) == ["1: no listener is configured", "1: no site is configured"])
        #expect(faults(atLimit + "x") == ["0: the file is too large"])
    }

    @Test func bytesThatAreNoTextAreFaultsWithTheirLines() {
        var files = MemoryFiles()
        files.files["/etc/postern/a.yaml"] = Array("a: 1\nb: ".utf8) + [0xFF, 0x0A] + Array("c: \u{1}\n".utf8)
        files.files["/etc/postern/a.ini"] = files.files["/etc/postern/a.yaml"]
        for name in ["a.yaml", "a.ini"] {
            let result = ConfigurationLoader(files: files).load(path: name, environment: [:])
            #expect(result.faults.map(\.line) == [2, 3])
            #expect(result.faults.map(\.file) == [name, name])
        }
    }

    @Test func lineEndsAndByteOrderMarksOfOtherSystemsAreRead() {
        let text = "\u{FEFF}" + Sample.directory.split(separator: "\n").joined(separator: "\r\n")
        #expect(load(text).faults == [])
    }

    @Test func fileMustTellItsSpellingAndBeThere() {
        let loader = ConfigurationLoader(files: MemoryFiles())
        #expect(loader.load(path: "a.txt", environment: [:]).faults.count == 1)
        #expect(loader.load(path: "gone.yaml", environment: [:]).faults.map(\.message) == ["the file does not exist"])
    }

    @Test func iniLinesThatDoNotHoldAreFaults() {
        let text = """
            workers = 1
            workers = 2
            nonsense
            = 3
            [log
            level = info
            [log]
            level = info
            [a..b]
            [log]
            format = json
            [log.level]
            x = 1
            [sites."a.b".rules]
            "/x" = anyone ; a comment
            """
        let found = faults(text, "ini")
        for expected in [
            "2: the key stands here again, after line 1", "3: the line is neither a section nor a key with its value",
            "4: the line is neither a section nor a key with its value", "5: the section's name does not hold",
            "9: the section's name does not hold", "10: the section stands here again, after line 7",
            "12: is a section here, and a value on line 8",
        ] {
            #expect(found.contains(expected), "\(expected)\n\(found.joined(separator: "\n"))")
        }
        #expect(!found.contains { $0.hasPrefix("15:") })
    }

    @Test func iniReadsCommentsAndQuotes() {
        let text = """
            ; comment
            # comment
              [providers.p]   ; comment
            client_id = "a ; b" # comment
            issuer=https://x.example/#no ; comment
            """
        var files = MemoryFiles()
        files.files["/etc/postern/a.ini"] = Array(text.utf8)
        let (values, faults) = ConfigurationLoader(files: files).readings(path: "a.ini")
        #expect(values["providers.p.client_id"] == "a ; b")
        #expect(faults.map(\.line) == [5])
    }

    @Test(arguments: 0..<300)
    func noTextBringsAReaderDown(seed: Int) {
        var random = Generator(state: UInt64(seed))
        let pieces = [
            "listeners", "sites", "a", "rules", ":", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ",", "\"",
            "'",
            "#", ";", "=", ".", "\\", "&a ", "*a ", "? ", "|", ">", "!!binary ", "%", "<<", "é", "\u{F8FE}", "\t",
            "file:", "~", "---\n",
        ]
        let text = (0..<60).map { _ in pieces.randomElement(using: &random)! }.joined()
        _ = load(text, as: "yaml")
        _ = load(text, as: "ini")
    }
}
