import Settings
import Testing

/// Environment variables that take the place of keys.
struct EnvironmentTests {
    @Test func aVariableTakesTheKeysPlace() throws {
        let result = load(
            Sample.replacing("listeners:", "log: {level: error}\nlisteners:"),
            environment: [
                "POSTERN_LOG_LEVEL": "debug", "POSTERN_LOG__FORMAT": "text", "POSTERN_WORKERS": "3",
                "POSTERN_PROVIDERS__CORP__CLIENT_ID": "other", "POSTERN_PROVIDERS__CORP__SCOPES": "openid, groups",
                "POSTERN_PROVIDERS__CORP__CLIENT_SECRET": "hunter2", "POSTERN_LIMITS_IDLE_TIMEOUT": "",
                "POSTERN_SITES__DOCS__SESSION__IDLE": "30m", "POSTERN_STATE_DIRECTORY": "state",
            ])
        #expect(result.faults == [], "\(result.faults.text)")
        let configuration = try #require(result.configuration)
        #expect(configuration.log.level == .debug && configuration.log.format == .text && configuration.workers == 3)
        #expect(configuration.providers[0].clientID == "other")
        #expect(configuration.providers[0].scopes == ["openid", "groups"])
        #expect(configuration.providers[0].clientAuth == .basic(secret: Secret(Array("hunter2".utf8))))
        #expect(configuration.sites[0].session.idle.seconds == 1800)
        #expect(configuration.stateDirectory == "/etc/postern/state")
    }

    @Test func aConfigMayBeMadeOfVariablesAlone() throws {
        let result = load(
            "{}",
            environment: [
                "POSTERN_LISTENERS__WEB__ADDRESS": "127.0.0.1:8080", "POSTERN_SITES__DOCS__HOSTS": "localhost:8080",
                "POSTERN_SITES__DOCS__ORIGIN": "docs", "POSTERN_ORIGINS__DOCS__DIRECTORY": "/srv/docs",
                "POSTERN_SITES__DOCS__PROVIDER": "corp", "POSTERN_PROVIDERS__CORP__ISSUER": "https://id.example.com",
                "POSTERN_PROVIDERS__CORP__CLIENT_ID": "postern", "POSTERN_SESSION_KEYS": "env:POSTERN_KEY",
                "POSTERN_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\n",
            ])
        #expect(result.faults == [], "\(result.faults.text)")
        #expect(try #require(result.configuration) == #require(load(Sample.directory).configuration))
    }

    @Test func namesAreMetWhateverTheirCaseAndSigns() throws {
        let text = Sample.directory.replacing("corp", with: "my-Corp.1")
        let result = load(text, environment: ["POSTERN_PROVIDERS__MY_CORP_1__DISPLAY_NAME": "Us"])
        #expect(try #require(result.configuration, "\(result.faults.text)").providers[0].displayName == "Us")
        let two = text.replacing("providers:", with: "providers:\n  my_corp-1: {issuer: 'https://b', client_id: b}")
        let ambiguous = load(two, environment: ["POSTERN_PROVIDERS__MY_CORP_1__DISPLAY_NAME": "Us"])
        #expect(
            ambiguous.faults.text.contains("may be my_corp-1 or my-Corp.1 of providers"), "\(ambiguous.faults.text)")
    }

    @Test func faultsSpeakOfTheVariableByItsName() {
        let result = load(
            Sample.directory,
            environment: [
                "POSTERN_LOG_LEVEL": "debgu", "POSTERN_PROVIDERS__CORP__ISSUER": "http://id.example.com",
                "POSTERN_ORIGINS__DOCS__DIRECTORY": "nowhere", "POSTERN_PROVIDERS__CORP__CA_FILE": "gone.pem",
                "POSTERN_SITES__NEW__ORIGIN": "docs",
            ])
        let errors = result.faults.filter { $0.severity == .error }
        #expect(
            errors.map { "\($0.file) \($0.key)" } == [
                "$POSTERN_LOG_LEVEL log.level", "$POSTERN_ORIGINS__DOCS__DIRECTORY origins.docs.directory",
                "$POSTERN_PROVIDERS__CORP__CA_FILE providers.corp.ca_file",
                "$POSTERN_PROVIDERS__CORP__ISSUER providers.corp.issuer", "$POSTERN_SITES__NEW__ORIGIN sites.new.hosts",
                "$POSTERN_SITES__NEW__ORIGIN sites.new.provider",
            ], "\(result.faults.text)")
        #expect(errors.allSatisfy { $0.line == nil })
        #expect(
            errors.first?.description
                == "$POSTERN_LOG_LEVEL: log.level: 'debgu' is none of the known words. Did you mean 'debug'?")
    }

    @Test(arguments: [
        ("PROVIDERS__CORP__CLEINT_ID", "CLIENT_ID"), ("PROVIDRS__CORP__CLIENT_ID", "PROVIDERS"),
        ("PROVIDERS__CORP", "Its keys are"), ("SITES__DOCS__RULES__A", "no variable can spell"),
        ("SITES__DOCS__HEADERS__A__B", "no variable can spell"), ("SITES__DOCS__MOUNTS__A", "no variable can spell"),
        ("LOG__LEVEL__X", "unknown key"), ("SITES____ORIGIN", "is a section"), ("__", "is a section"),
        ("INCLUDE__X", "unknown key"),
    ])
    func aVariableOfAKeyThatIsNotThereIsAnError(name: String, remedy: String) {
        let result = load(Sample.directory, environment: ["POSTERN_" + name: "x"])
        #expect(result.faults.map(\.severity) == [.error], "\(result.faults.text)")
        #expect(result.faults.first?.file == "$POSTERN_" + name)
        #expect(result.faults.text.contains(remedy), "\(result.faults.text)")
    }

    @Test func aVariableThatMayBeSomebodyElsesIsAWarning() {
        for (name, count) in [
            ("POSTERN_LOG_LEVLE", 1), ("POSTERN_HOME", 1), ("POSTERN_INCLUDE", 1), ("POSTERN_", 1),
            ("POSTERN_SERVICE_HOST", 0), ("POSTERN_SERVICE_PORT_HTTPS", 0), ("POSTERN_PORT", 0),
            ("POSTERN_PORT_443_TCP_ADDR", 0), ("POSTERN_ADMIN_PORT_9180_TCP", 0), ("XPOSTERN_LOG", 0),
        ] {
            let result = load(Sample.directory, environment: [name: "tcp://10.0.0.1:443"])
            #expect(result.faults.map(\.severity) == Array(repeating: .warning, count: count), "\(name)")
            #expect(result.configuration != nil)
        }
        let nearest = load(Sample.directory, environment: ["POSTERN_LOG_LEVLE": "debug"])
        #expect(nearest.faults.text.contains("Did you mean 'POSTERN_LOG_LEVEL'?"))
    }

    @Test func aVariableThatTheConfigReadsASecretFromIsNoKeys() {
        let text = Sample.replacing(
            "client_id: postern", "client_id: postern\n    client_secret: env:POSTERN_CLIENT_SECRET")
        #expect(load(text, environment: ["POSTERN_CLIENT_SECRET": "hunter2"]).faults == [])
    }

    @Test func twoVariablesOfOneKeyAreAnError() {
        let result = load(Sample.directory, environment: ["POSTERN_LOG_LEVEL": "info", "POSTERN_LOG__LEVEL": "info"])
        #expect(result.faults.text.contains("$POSTERN_LOG_LEVEL says the same key"), "\(result.faults.text)")
    }

    @Test func everyKeyThatHasAVariableIsSetByIt() throws {
        for option in OptionTable.options where !option.path.hasSuffix("*") && !option.path.contains("headers.") {
            guard option.path != "include", let sample = option.samples.first, !sample.isEmpty else { continue }
            let name = option.path.replacing("*", with: "a").uppercased().replacing(".", with: "__")
            let set = load("{}", environment: ["POSTERN_" + name: sample]).faults
            #expect(!set.contains { $0.file == "$POSTERN_" + name && $0.key.isEmpty }, "\(name): \(set.text)")
            let text = load("{}", environment: ["POSTERN_" + name: "\u{1}"]).faults
            let takesAll = option.samples.contains("two words") || option.samples.contains("/srv/docs")
            #expect(takesAll || text.contains { $0.file == "$POSTERN_" + name }, "\(name)")
        }
    }
}
