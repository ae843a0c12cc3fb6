import Settings
import Testing

/// Configs of several files.
struct IncludeTests {
    private func load(
        _ texts: [String: String], directories: Set<String> = [], named path: String = "/etc/postern/postern.yaml"
    ) -> (configuration: Configuration?, faults: [Fault]) {
        var files = MemoryFiles()
        for (name, text) in texts { files.files["/etc/postern/\(name)"] = Array(text.utf8) }
        files.directories.formUnion(directories)
        return ConfigurationLoader(files: files).load(path: path, environment: [:])
    }

    /// `FILE:LINE KEY` of each error.
    private func places(_ faults: [Fault]) -> [String] {
        faults.filter { $0.severity == .error }.map { "\($0.file.dropFirst(13)):\($0.line ?? 0) \($0.key)" }
    }

    @Test func sectionsOfSeveralFilesAreOneConfigInBothSpellings() throws {
        let whole = load(["postern.yaml": Sample.directory])
        let parts = load([
            "postern.yaml": """
            include: [conf.d/*.yaml, sites.ini]
            listeners: {web: {address: "127.0.0.1:8080"}}
            session_keys: [file:session.key]
            providers: {corp: {client_id: postern}}
            """,
            "conf.d/10-corp.yaml": "providers: {corp: {issuer: 'https://id.example.com'}}",
            "conf.d/20-docs.yaml": "origins: {docs: {directory: /srv/docs}}",
            "conf.d/.hidden.yaml": "nonsense: 1",
            "conf.d/readme.txt": "nonsense",
            "sites.ini": "[sites.docs]\nhosts = localhost:8080\nprovider = corp\norigin = docs\n",
        ])
        #expect(parts.faults == [], "\(parts.faults.text)")
        #expect(try #require(parts.configuration) == #require(whole.configuration))
    }

    @Test func filesComeInTheOrderOfTheirNames() throws {
        var texts = ["postern.yaml": "include: sites/?.yaml\n" + Sample.directory]
        for (name, host) in [("c", "c"), ("a", "z"), ("b", "y")] {
            texts["sites/\(name).yaml"] =
                "sites: {\(host): {hosts: [\(host).localhost], origin: docs, rules: {/**: anyone}}}"
        }
        let result = load(texts)
        #expect(
            try #require(result.configuration, "\(result.faults.text)").sites.map(\.name) == ["docs", "z", "y", "c"])
    }

    @Test func aKeyThatTwoFilesSayIsAFaultThatNamesBothPlaces() {
        let result = load([
            "postern.yaml": "include: more.yaml\n" + Sample.directory,
            "more.yaml": "workers: 2\nsites:\n  docs:\n    origin: other\n    hosts: {a: b}\n",
        ])
        #expect(places(result.faults) == ["more.yaml:4 sites.docs.origin", "more.yaml:5 sites.docs.hosts"])
        let message = result.faults.first?.message
        #expect(message == "the key stands here again, after /etc/postern/postern.yaml:17")
    }

    @Test func faultsOfAllFilesAreFoundInOneRun() {
        let result = load([
            "postern.yaml": "include: [a.yaml, b.ini]\nwrokers: 1\n" + Sample.directory,
            "a.yaml": "log:\n  level: loud\n  include: x.yaml\n",
            "b.ini": "[limits]\nidle_timeout = soon\n[sites.other]\nhosts = localhost:8080\n",
        ])
        #expect(
            places(result.faults) == [
                "a.yaml:2 log.level", "a.yaml:3 log.include", "b.ini:2 limits.idle_timeout",
                "b.ini:3 sites.other.origin",
                "b.ini:3 sites.other.provider", "b.ini:4 sites.other.hosts", "postern.yaml:2 wrokers",
            ])
        #expect(result.faults.text.contains("belongs to site docs (/etc/postern/postern.yaml:16) already"))
    }

    @Test func pathsStartAtTheFileThatTheyStandIn() throws {
        let result = load([
            "postern.yaml": "include: conf.d/corp/more.yaml\n" + Sample.directory,
            "conf.d/corp/more.yaml": "include: [../../last.yaml]\nstate_directory: state\n",
            "last.yaml": "log: {access: 'file:log/access.log'}\n",
        ])
        // `..` stays, as it does elsewhere: only the file system knows where it leads.
        #expect(places(result.faults) == ["conf.d/corp/more.yaml:1 include"], "\(result.faults.text)")
        let plain = load([
            "postern.yaml": "include: conf.d/corp/more.yaml\n" + Sample.directory,
            "conf.d/corp/more.yaml": "include: last.yaml\nstate_directory: state\n",
            "conf.d/corp/last.yaml": "origins: {more: {s3: {bucket: abc, region: a, access_key_id: A, "
                + "secret_access_key: 'file:s3.secret'}}}\n",
            "conf.d/corp/s3.secret": "beside",
        ])
        let configuration = try #require(plain.configuration, "\(plain.faults.text)")
        #expect(configuration.stateDirectory == "/etc/postern/conf.d/corp/state")
        guard case .s3(let s3) = configuration.origins.last?.kind else { return #expect(Bool(false)) }
        #expect(s3.credentials.keys?.secretAccessKey.reveal() == "beside")
    }

    @Test func whatCannotBeReadIsAFaultWhereItIsIncluded() {
        for (include, texts, expected) in [
            ("gone.yaml", [:], "postern.yaml:1 include"),
            ("more.txt", ["more.txt": ""], "postern.yaml:1 include"),
            ("conf*/a.yaml", [:], "postern.yaml:1 include"),
            ("/etc/postern/tls", [:], "postern.yaml:1 include"),
            ("{a: b}", [:], "postern.yaml:1 include"),
            ("bad.yaml", ["bad.yaml": "a: [\n"], "bad.yaml:2 "),
        ] as [(String, [String: String], String)] {
            let result = load(
                texts.merging(["postern.yaml": "include: \(include)\n" + Sample.directory], uniquingKeysWith: { $1 }))
            #expect(places(result.faults).first?.hasPrefix(expected) == true, "\(include): \(result.faults.text)")
            #expect(result.faults.count == 1, "\(result.faults.text)")
            #expect(result.configuration == nil)
        }
    }

    @Test func aFileThatCannotBeReadDoesNotMakeItsKeysMissing() {
        let result = load([
            "postern.yaml": "include: more.yaml\nworkers: many\n" + Sample.replacing("    origin: docs", ""),
            "more.yaml": "sites:\n\tdocs: x\n",
        ])
        #expect(places(result.faults) == ["more.yaml:2 ", "postern.yaml:2 workers"])
    }

    @Test func aPatternThatMeetsNothingIsNoFaultAndADirectoryThatIsNotThereAWarning() {
        let text = "include: conf.d/*.yaml\n" + Sample.directory
        #expect(load(["postern.yaml": text], directories: ["/etc/postern/conf.d"]).faults == [])
        let result = load(["postern.yaml": text])
        #expect(result.faults.map(\.severity) == [.warning] && result.configuration != nil)
    }

    @Test func filesThatIncludeEachOtherAreToldOnce() {
        let result = load([
            "postern.yaml": "include: [a.yaml, a.yaml]\n" + Sample.directory,
            "a.yaml": "include: [b.yaml, postern.yaml]\n", "b.yaml": "include: ./a.yaml\n",
        ])
        #expect(places(result.faults) == ["a.yaml:1 include", "b.yaml:1 include", "postern.yaml:1 include"])
        #expect(result.faults.text.contains("is read as the config itself"))
        #expect(result.faults.text.contains("is read already, on line 1") == true)
    }

    @Test func filesInARowAreReadToTheLimitAndNoFurther() {
        func chain(_ count: Int) -> [Fault] {
            var texts = ["postern.yaml": "include: f2.yaml\n" + Sample.directory]
            for index in 2...count { texts["f\(index).yaml"] = index == count ? "{}" : "include: f\(index + 1).yaml" }
            return load(texts).faults
        }
        #expect(chain(8) == [])
        #expect(places(chain(9)) == ["f8.yaml:1 include"])
    }

    @Test func filesAreReadToTheirNumberAndSizeAndNoFurther() {
        func many(_ count: Int, of text: String = "") -> [Fault] {
            var texts = ["postern.yaml": "include: m/*.yaml\n" + Sample.directory]
            for index in 2...count { texts["m/\(index).yaml"] = text }
            return load(texts).faults
        }
        #expect(many(256) == [])
        #expect(places(many(257)) == ["postern.yaml:1 include"])
        let large = "#" + String(repeating: "x", count: 500_000)
        #expect(many(3, of: large) == [])
        #expect(places(many(4, of: large)) == ["postern.yaml:1 include"])
    }

    @Test func aSecretInAnIncludedFileThatOthersMayReadIsAWarning() {
        var files = MemoryFiles([
            "/etc/postern/postern.yaml": "include: more.yaml\n" + Sample.directory,
            "/etc/postern/more.yaml": "providers: {corp: {client_secret: hunter2hunter2}}",
        ])
        let loader = { ConfigurationLoader(files: files).load(path: "/etc/postern/postern.yaml", environment: [:]) }
        #expect(loader().faults == [])
        files.permissions = 0o644
        #expect(loader().faults.map(\.file) == ["/etc/postern/more.yaml"])
    }
}
