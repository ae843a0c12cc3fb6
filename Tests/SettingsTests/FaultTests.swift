import Settings
import Testing

/// What `check` finds, and where.
struct FaultTests {
    @Test func smallestConfigHolds() {
        let result = load(Sample.directory)
        #expect(result.faults == [], "\(result.faults.text)")
        #expect(result.configuration != nil)
    }

    /// What is replaced, by what, and the faults that come of it.
    static let cases: [(String, String, [String])] = [
        (
            "    address: 127.0.0.1:8080", "    adress: 127.0.0.1:8080",
            ["2 listeners.web.address", "3 listeners.web.adress"]
        ),
        ("127.0.0.1:8080", ":8080", ["3 listeners.web.address"]),
        ("127.0.0.1:8080", "example.com:8080", ["3 listeners.web.address"]),
        ("127.0.0.1:8080", "127.0.0.1", ["3 listeners.web.address"]),
        ("127.0.0.1:8080", "127.0.0.1:80800", ["3 listeners.web.address"]),
        ("session_keys: [file:session.key]\n", "", ["1 session_keys"]),
        ("[file:session.key]", "[]", ["4 session_keys"]),
        ("[file:session.key]", "[file:nowhere.key]", ["4 session_keys"]),
        ("[file:session.key]", "[env:NOWHERE]", ["4 session_keys"]),
        ("[file:session.key]", "[credential:key]", ["4 session_keys"]),
        ("[file:session.key]", "[too-short]", ["4 session_keys"]),
        ("https://id.example.com", "http://id.example.com", ["7 providers.corp.issuer"]),
        ("https://id.example.com", "https://id.example.com/?a", ["7 providers.corp.issuer"]),
        ("https://id.example.com", "id.example.com", ["7 providers.corp.issuer"]),
        ("client_id: postern", "client_id:", ["8 providers.corp.client_id"]),
        ("client_id: postern", "client_id: [a]", ["8 providers.corp.client_id"]),
        ("client_id: postern", "client_id: {a: b}", ["8 providers.corp.client_id"]),
        ("client_id: postern", "client_id: a\n    client_auth: basic", ["9 providers.corp.client_auth"]),
        ("client_id: postern", "client_id: a\n    client_auth: basik", ["9 providers.corp.client_auth"]),
        ("client_id: postern", "client_id: a\n    client_auth: private_key_jwt", ["9 providers.corp.client_auth"]),
        (
            "client_id: postern", "client_id: a\n    client_auth: none\n    client_secret: file:client.secret",
            ["10 providers.corp.client_secret"]
        ),
        (
            "client_id: postern", "client_id: a\n    client_auth: post\n    client_key: client.pem",
            ["9 providers.corp.client_auth"]
        ),
        ("client_id: postern", "client_id: a\n    client_secret: file:gone", ["9 providers.corp.client_secret"]),
        ("client_id: postern", "client_id: a\n    scopes: [email]", ["9 providers.corp.scopes"]),
        ("client_id: postern", "client_id: a\n    ca_file: client.pem", ["9 providers.corp.ca_file"]),
        ("directory: /srv/docs", "directory: /srv/nowhere", ["11 origins.docs.directory"]),
        ("    directory: /srv/docs", "    {}", ["10 origins.docs"]),
        ("directory: /srv/docs", "directory: /srv/docs\n    s3: {bucket: abc, region: eu}", ["11 origins.docs"]),
        ("directory: /srv/docs", "directory: /srv/docs\n    http: http://127.0.0.1:1", ["12 origins.docs"]),
        ("directory: /srv/docs", "http: ftp://a", ["11 origins.docs.http"]),
        ("directory: /srv/docs", "http: http://a\n    identity: {user: Cookie}", ["12 origins.docs.identity.user"]),
        ("directory: /srv/docs", "http: http://a\n    identity: {user: X_User}", ["12 origins.docs.identity.user"]),
        ("directory: /srv/docs", "s3: {region: eu}", ["11 origins.docs.s3.bucket"]),
        ("directory: /srv/docs", "s3: {bucket: abc}", ["11 origins.docs.s3.region"]),
        (
            "directory: /srv/docs", "s3: {bucket: abc, region: eu, access_key_id: a}",
            ["11 origins.docs.s3.secret_access_key"]
        ),
        ("[localhost:8080]", "[docs.example.com]", ["14 sites.docs.hosts"]),
        ("[localhost:8080]", "[localhost, localhost]", ["14 sites.docs.hosts"]),
        ("[localhost:8080]", "['*.example.com']", ["14 sites.docs.hosts"]),
        ("[localhost:8080]", "['https://localhost']", ["14 sites.docs.hosts"]),
        ("[localhost:8080]", "[]", ["14 sites.docs.hosts"]),
        ("    provider: corp\n", "    provider: crop\n", ["15 sites.docs.provider"]),
        ("    provider: corp\n", "", ["13 sites.docs.provider"]),
        ("    provider: corp\n", "    rules: {/**: signed-in}\n", ["15 sites.docs.rules./**"]),
        ("    origin: docs", "    origin: doc", ["16 sites.docs.origin"]),
        ("    origin: docs", "    origin: docs\n    rules: {/a/**: nobdy}", ["17 sites.docs.rules./a/**"]),
        ("    origin: docs", "    origin: docs\n    rules: {a: nobody}", ["17 sites.docs.rules.a"]),
        ("    origin: docs", "    origin: docs\n    rules: {/a: nobody, /a/: anyone}", ["17 sites.docs.rules./a/"]),
        ("    origin: docs", "    origin: docs\n    idle: 1h", ["17 sites.docs.idle"]),
        ("    origin: docs", "    origin: docs\n    session: {idle: 1}", ["17 sites.docs.session.idle"]),
        (
            "    origin: docs", "    origin: docs\n    cloudfront: {cookies: accept, mode: static}",
            ["17 sites.docs.cloudfront.refresh_path"]
        ),
        (
            "    origin: docs", "    origin: docs\n    cloudfront: {callback_path: /.AUTH/callback}",
            ["17 sites.docs.cloudfront.callback_path"]
        ),
        (
            "    origin: docs", "    origin: docs\n    cloudfront: {refresh_path: /a, sign_out_path: /A}",
            ["17 sites.docs.cloudfront.sign_out_path"]
        ),
        ("    origin: docs", "    origin: docs\n    mounts: {/a/: nowhere}", ["17 sites.docs.mounts./a/"]),
        ("    origin: docs", "    origin: docs\n    mounts: {a: docs}", ["17 sites.docs.mounts.a"]),
        ("    origin: docs", "    origin: docs\n    mounts: {/: docs}", ["17 sites.docs.mounts./"]),
        ("    origin: docs", "    origin: docs\n    mounts: {/a/**: docs}", ["17 sites.docs.mounts./a/**"]),
        ("    origin: docs", "    origin: docs\n    mounts: {/*/b: docs}", ["17 sites.docs.mounts./*/b"]),
        ("    origin: docs", "    origin: docs\n    mounts: {/a: docs, /a/: docs}", ["17 sites.docs.mounts./a/"]),
        ("    origin: docs", "    origin: docs\n    mounts: {/.Auth/x: docs}", ["17 sites.docs.mounts./.Auth/x"]),
        (
            "    origin: docs", "    origin: docs\n    content: {forbidden: /.auth/403.html, not_found: /.AUTH}",
            ["17 sites.docs.content.not_found", "17 sites.docs.content.forbidden"]
        ),
        (
            "    origin: docs", "    origin: docs\n    content: {redirect_origins: ['*']}",
            ["17 sites.docs.content.redirect_origins"]
        ),
        (
            "    provider: corp\n    origin: docs",
            "    origin: docs\n    rules: {/**: anyone}\n    content: {forbidden: /403.html}",
            ["17 sites.docs.content.forbidden"]
        ),
        (
            "    origin: docs", "    origin: docs\n    content: {compression: false, compression_min_size: 1KiB}",
            ["17 sites.docs.content.compression_min_size"]
        ),
        (
            "    origin: docs", "    origin: docs\n    content: {precompressed: [br, gzip, br]}",
            ["17 sites.docs.content.precompressed"]
        ),
        (
            "    directory: /srv/docs\nsites:\n  docs:\n",
            "    s3: {bucket: abc, region: eu, query_parameters: [versionId], access_key_id: a, secret_access_key: b}\n"
                + "sites:\n  docs:\n    content: {precompressed: [br]}\n",
            ["14 sites.docs.content.precompressed"]
        ),
        (
            "    directory: /srv/docs\nsites:\n  docs:\n",
            "    directory: /srv/docs\n  app: {http: \"http://127.0.0.1:3000\"}\n"
                + "sites:\n  docs:\n    mounts: {/app/: app}\n    content: {fallback: /app/x.html, forbidden: /app/y.html}\n",
            ["16 sites.docs.content.fallback", "16 sites.docs.content.forbidden"]
        ),
        (
            "    origin: docs", "    origin: docs\n    content: {precompressed: [zstd]}",
            ["17 sites.docs.content.precompressed"]
        ),
        ("    origin: docs", "    origin: docs\n    cache_control: {a: no-cache}", ["17 sites.docs.cache_control.a"]),
        (
            "    origin: docs", "    origin: docs\n    cache_control: {/a: no-cache, /a/: no-store}",
            ["17 sites.docs.cache_control./a/"]
        ),
        ("    origin: docs", "    origin: docs\n    headers: {a: {X-A: b}}", ["17 sites.docs.headers.a"]),
        ("    origin: docs", "    origin: docs\n    headers: {/a: DENY}", ["17 sites.docs.headers./a"]),
        ("    origin: docs", "    origin: docs\n    headers: {/a: {X A: b}}", ["17 sites.docs.headers./a.X A"]),
        (
            "    origin: docs", "    origin: docs\n    headers: {/a: {X-A: b, x-a: c}}",
            ["17 sites.docs.headers./a.x-a"]
        ),
        (
            "    origin: docs", "    origin: docs\n    headers: {/a: {Cache-Control: no-store}}",
            ["17 sites.docs.headers./a.Cache-Control"]
        ),
        (
            "    origin: docs", "    origin: docs\n    headers: {/a: {ETag: x, Set-Cookie: y}}",
            ["17 sites.docs.headers./a.ETag", "17 sites.docs.headers./a.Set-Cookie"]
        ),
        ("    origin: docs", "    origin: docs\n    session: 1h", ["17 sites.docs.session"]),
        ("    origin: docs", "    origin: docs\n    auth_path: /auth/", ["17 sites.docs.auth_path"]),
        (
            "    origin: docs", "    origin: docs\n    public_url: https://other.example.com",
            ["17 sites.docs.public_url"]
        ),
        ("    origin: docs", "    origin: docs\n    public_url: http://localhost:8080/a", ["17 sites.docs.public_url"]),
        ("    origin: docs", "    origin: docs\n    hosts: [b]", ["17 sites.docs.hosts"]),
        ("listeners:", "workers: 0\nlisteners:", ["1 workers"]),
        ("listeners:", "workers: 257\nlisteners:", ["1 workers"]),
        (
            "listeners:", "trusted_proxies: [10.0.0.1/8, 10.0.0.0/33, x]\nlisteners:",
            Array(repeating: "1 trusted_proxies", count: 3)
        ),
        (
            "listeners:", "limits: {request_line: 8, fields_count: 1}\nlisteners:",
            ["1 limits.request_line", "1 limits.fields_count"]
        ),
        ("listeners:", "admin: {address: '127.0.0.1:8080'}\nlisteners:", ["1 admin.address"]),
        ("listeners:", "log: {access: stdot}\nlisteners:", ["1 log.access"]),
        ("listeners:", "log: {level: debgu}\nlisteners:", ["1 log.level"]),
        ("  web:", "  two:\n    address: 0.0.0.0:8080\n  web:", ["5 listeners.web.address"]),
        ("  web:", "  a b:", ["2 listeners.a b"]),
        ("  web:", "  web:\n    tls: {}", ["3 listeners.web.tls.certificate", "3 listeners.web.tls.key"]),
        ("  web:", "  web:\n    tls: {certificate: [a.pem, b.pem], key: a.pem}", ["3 listeners.web.tls.key"]),
        (
            "  web:", "  web:\n    tls: {certificate: client.pem, key: ca.pem}",
            ["3 listeners.web.tls.certificate", "3 listeners.web.tls.key"]
        ),
        (
            "  web:", "  web:\n    tls: {certificate: ca.pem, key: client.pem, client_certificates: required}",
            ["3 listeners.web.tls.client_certificates"]
        ),
        (
            "  web:", "  web:\n    tls: {certificate: ca.pem, key: client.pem, client_ca: client.pem}",
            ["3 listeners.web.tls.client_ca"]
        ),
        (
            "  web:", "  web:\n    tls: {certificate: ca.pem, key: client.pem}\n    redirect_to_https: true",
            ["4 listeners.web.redirect_to_https"]
        ),
    ]

    @Test(arguments: cases.indices)
    func faultIsFoundAtItsPlace(index: Int) {
        let (old, new, places) = Self.cases[index]
        let result = load(Sample.replacing(old, new))
        #expect(result.faults.places == places, "\(new)\n\(result.faults.text)")
        #expect(result.configuration == nil)
    }

    @Test(arguments: [
        "", "max-age", "max-age=", "max-age=-1", "max-age=1d", "max-age=99999999999", "public, private",
        "private, s-maxage=5", "no-store, max-age=5", "no-store, public", "no-cache, immutable", "no-cache, no-cache",
        "max age=5", "max-age: 5", "x=\"a", "a;b",
    ])
    func cacheDirectivesThatContradictOrAreNoneAreRefused(value: String) {
        let quoted = value.replacing("\"", with: "\\\"")
        let result = load(
            Sample.replacing(
                "    origin: docs", "    origin: docs\n    cache_control:\n      /a/**: \"\(quoted)\""))
        #expect(result.faults.places == ["18 sites.docs.cache_control./a/**"], "\(result.faults.text)")
    }

    @Test func aPageThatNobodyWroteIsNotLookedForInAnApp() throws {
        let text = Sample.replacing(
            "    directory: /srv/docs\nsites:\n  docs:\n",
            """
                http: "http://127.0.0.1:3000"
              files: {directory: /srv/docs}
            sites:
              docs:
                mounts: {/files/: files}

            """)
        let result = load(text)
        #expect(try #require(result.configuration, "\(result.faults.text)").sites[0].content.notFound == nil)
        #expect(try #require(load(Sample.directory).configuration).sites[0].content.notFound == "/404.html")
    }

    @Test func whatASiteSaysOfItsContentReadsAsWritten() throws {
        let text = Sample.replacing(
            "    origin: docs",
            """
                origin: docs
                mounts: {/r/x/: docs, /r: docs, "/a b/": docs}
                content: {forbidden: /403.html, redirect_origins: ["https://www.example.com"]}
                cache_control: {/**: no-cache, /assets/**: "max-age=31536000, immutable"}
                headers:
                  /**: {X-Frame-Options: DENY, Content-Security-Policy: "default-src 'self'; img-src *"}
                  /app/**: {X-Frame-Options: ""}
            """)
        let site = try #require(load(text).configuration).sites[0]
        #expect(Set(site.mounts.entries.map(\.pattern.description)) == ["/a b/**", "/r/x/**", "/r/**"])
        #expect(site.mounts.entry(for: ["r", "x"])?.pattern.count == 2)
        #expect(site.content.forbidden == "/403.html")
        #expect(site.content.redirectOrigins == ["https://www.example.com"])
        #expect(site.content.cacheControl.entry(for: ["assets", "a"])?.value == "max-age=31536000, immutable")
        #expect(site.content.cacheControl.entry(for: ["a"])?.value == "no-cache")
        #expect(
            site.content.headers.entries.map(\.value) == [
                [FieldSetting(name: "X-Frame-Options", value: "")],
                [
                    FieldSetting(name: "X-Frame-Options", value: "DENY"),
                    FieldSetting(name: "Content-Security-Policy", value: "default-src 'self'; img-src *"),
                ],
            ])
    }

    @Test func twentyFaultsAreFoundInOneRun() {
        let text = """
            listenrs: {}
            workers: many
            trusted_proxies: [nowhere]
            admin:
              address: 127.0.0.1
              port: 9180
            log:
              level: loud
              format: xml
              access: file
            limits:
              request_line: 8 kilobytes
              idle_timeout: 60
              connection: 5
            providers:
              corp:
                issuer: http://id.example.com
                scopes: [email]
                client_auth: magic
            origins:
              docs:
                s3:
                  region: eu central
                  endpoint: s3.example.com
                  addressing: virtul
            sites:
              docs:
                hosts: [docs.example.com/x]
                provider: crop
                orgin: docs
                workers: 2
                session:
                  idle: soon
                  idle: 2h
                rules:
                  admin: nobody
                  /x: evrybody
            """
        let result = load(text)
        let lines = result.faults.filter { $0.severity == .error }.map { $0.line ?? 0 }
        for line in [1, 2, 3, 5, 6, 8, 9, 10, 12, 13, 14, 17, 18, 19, 22, 23, 24, 25, 28, 29, 30, 31, 33, 34, 36, 37] {
            #expect(lines.contains(line), "line \(line)\n\(result.faults.text)")
        }
        #expect(lines == lines.sorted())
        #expect(result.faults.contains { $0.key == "listenrs" && $0.nearest == "listeners" })
        #expect(result.faults.contains { $0.key == "sites.docs.orgin" && $0.nearest == "origin" })
        #expect(result.faults.contains { $0.key == "sites.docs.provider" && $0.nearest == "corp" })
    }

    @Test func faultPrintsAsOneLine() {
        let result = load(Sample.replacing("hosts: [localhost:8080]", "host: localhost"))
        #expect(
            result.faults.map(\.description).first { $0.contains("unknown") }
                == "/etc/postern/postern.yaml:14: sites.docs.host: unknown key 'host' in sites.docs. Did you mean 'hosts'?"
        )
    }

    @Test func faultsPrintAsJSON() {
        let fault = Fault(.error, file: "a\"b", line: nil, key: "k\n", message: "m\u{1}", remedy: "", nearest: "n")
        #expect(
            Fault.json([fault]) == """
                {
                  "ok": false,
                  "faults": [
                    {"severity": "error", "file": "a\\"b", "line": null, "key": "k\\n", "message": "m\\u0001", "remedy": "", "nearest": "n"}
                  ]
                }

                """)
        #expect(Fault.json([]) == "{\n  \"ok\": true,\n  \"faults\": []\n}\n")
    }

    @Test func signInOverPlainHTTPNeedsTLSOrAProxyOrAPublicURL() {
        let hosts = ("[localhost:8080]", "[docs.example.com]")
        let plain = Sample.replacing(hosts.0, hosts.1)
        #expect(load(plain).faults.places == ["14 sites.docs.hosts"])
        #expect(load("trusted_proxies: 10.0.0.0/8\n" + plain).faults == [])
        #expect(load(plain + "\n    public_url: https://docs.example.com").faults == [])
        #expect(load(plain + "\n    public_url: http://docs.example.com").faults.places == ["17 sites.docs.public_url"])
        let tls = "  web:\n    tls: {certificate: ca.pem, key: client.pem}\n"
        #expect(load(plain.split(separator: "  web:\n").joined(separator: tls)).faults == [])
        for host in ["127.0.0.9", "'[::1]:80'", "a.localhost", "LOCALHOST"] {
            #expect(load(Sample.replacing(hosts.0, "[\(host)]")).faults == [])
        }
        let open = Sample.replacing("    provider: corp", "    rules: {/**: anyone}")
            .split(separator: hosts.0).joined(separator: hosts.1)
        #expect(load(open).faults == [])
    }

    @Test func adminOnOtherAddressesIsAWarning() throws {
        let result = load("admin: {address: '0.0.0.0:9180'}\n" + Sample.directory)
        #expect(result.faults.map(\.severity) == [.warning])
        #expect(result.configuration != nil)
    }

    @Test func adminSocketHasAPathOfItsOwnThatFits() throws {
        func read(_ path: String) -> (configuration: Configuration?, faults: [Fault]) {
            load("admin: {address: 'unix:/x/a.sock', socket: \(path)}\n" + Sample.directory)
        }
        let folder = "/" + String(repeating: "x", count: 80)
        #expect(try #require(read("\(folder)/\(String(repeating: "y", count: 16))").configuration).admin?.socket != nil)
        for path in ["/x/a.sock", "\(folder)/\(String(repeating: "y", count: 17))"] {
            let result = read(path)
            #expect(result.configuration == nil)
            #expect(result.faults.contains { $0.severity == .error && $0.key == "admin.socket" })
        }
    }

    @Test func plainListenerBesideTLSIsAWarning() {
        let text = Sample.replacing(
            "  web:\n    address: 127.0.0.1:8080",
            "  web:\n    address: 0.0.0.0:80\n  tls:\n    address: 0.0.0.0:443\n    tls: {certificate: ca.pem, key: client.pem}"
        )
        .split(separator: "[localhost:8080]").joined(separator: "[docs.example.com]")
        let result = load(text)
        #expect(result.faults.map(\.key) == ["listeners.web"] && result.configuration != nil)
    }

    @Test func literalSecretIsAWarningWhereOthersMayReadTheFile() {
        let text = Sample.replacing("client_id: postern", "client_id: postern\n    client_secret: hunter2hunter2")
        #expect(load(text).faults == [])
        var files = MemoryFiles()
        files.permissions = 0o640
        let result = load(text, files: files)
        #expect(result.faults.map(\.key) == ["providers.corp.client_secret"])
        #expect(result.configuration != nil)
        #expect(!result.faults.text.contains("hunter2"))
    }

    @Test func literalAccessKeyIDIsNoSecret() throws {
        let bucket = "s3: {bucket: abc, region: eu, access_key_id: AKIAEXAMPLE, secret_access_key: 'file:s3.secret'}"
        let text = Sample.replacing("directory: /srv/docs", bucket)
        var files = MemoryFiles()
        files.permissions = 0o644
        let result = load(text, files: files)
        #expect(result.faults == [], "\(result.faults.text)")
        guard case .s3(let s3) = result.configuration?.origins[0].kind else { return #expect(Bool(false)) }
        #expect(s3.credentials.keys?.accessKeyID.reveal() == "AKIAEXAMPLE")
    }

    @Test func faultsAreCounted() {
        let error = Fault(.error, file: "a", line: 1, message: "m", remedy: "r")
        let warning = Fault(.warning, file: "a", line: 1, message: "m", remedy: "r")
        #expect(Fault.counts([]) == "")
        #expect(Fault.counts([error]) == "1 error")
        #expect(Fault.counts([warning, error, error]) == "2 errors, 1 warning")
        #expect(Fault.counts([warning, warning]) == "2 warnings")
    }

    @Test func aQuestionHasNoFullStop() {
        let fault = Fault(.error, file: "a.yaml", line: 3, key: "k", message: "unknown", remedy: "Did you mean 'x'?")
        #expect(fault.description == "a.yaml:3: k: unknown. Did you mean 'x'?")
    }

    @Test func faultsNeverShowASecret() {
        let secrets = """
            client_id: postern
                client_auth: none
                client_secret: hunter2hunter2
                client_key: hunter2hunter2
            """
        let text = "session_keys: hunter2\n" + Sample.replacing("client_id: postern", secrets)
        let result = load(text.split(separator: "session_keys: [file:session.key]\n").joined())
        #expect(result.faults.places.count >= 3)
        #expect(!result.faults.filter { $0.key != "providers.corp.client_key" }.text.contains("hunter2"))
    }
}
