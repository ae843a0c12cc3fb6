import Bytes
import FoundationEssentials
import Settings
import Testing

/// The sample configs and the reference page that stand in the repository.
struct SampleTests {
    static func repositoryFile(_ path: String) throws -> String {
        var parts = #filePath.split(separator: "/").dropLast(3).map(String.init)
        parts += path.split(separator: "/").map(String.init)
        let data = try #require(FileManager.default.contents(atPath: "/" + parts.joined(separator: "/")))
        return String(decoding: data, as: UTF8.self)
    }

    @Test func bothSamplesHoldAndMeanTheSame() throws {
        let yaml = load(try Self.repositoryFile("config/postern.yaml"), as: "yaml")
        let ini = load(try Self.repositoryFile("config/postern.ini"), as: "ini")
        #expect(yaml.faults == [], "\(yaml.faults.text)")
        #expect(ini.faults == [], "\(ini.faults.text)")
        let one = try #require(yaml.configuration)
        let other = try #require(ini.configuration)
        #expect(one.listeners.sorted { $0.name < $1.name } == other.listeners.sorted { $0.name < $1.name })
        #expect(one.admin == other.admin && one.workers == other.workers && one.trustedProxies == other.trustedProxies)
        #expect(one.sessionKeys == other.sessionKeys && one.providers == other.providers)
        #expect(one.origins == other.origins && one.sites == other.sites)
        #expect(one.log == other.log && one.limits == other.limits)
    }

    @Test func theReferencePageIsTheTables() throws {
        #expect(try Self.repositoryFile("docs/configuration.md") == OptionReference.markdown())
    }

    @Test func theSchemaIsTheTables() throws {
        #expect(try Self.repositoryFile("docs/postern.schema.json") == OptionSchema.json())
    }

    @Test func sampleReadsAsWritten() throws {
        let configuration = try #require(load(try Self.repositoryFile("config/postern.yaml")).configuration)
        #expect(configuration.listeners.map(\.name) == ["public", "plain"])
        #expect(configuration.listeners[0].tls?.certificates.count == 1)
        #expect(configuration.listeners[1].redirectToHTTPS)
        #expect(configuration.admin?.address.description == "127.0.0.1:9180")
        #expect(configuration.workers == nil)
        #expect(
            try configuration.sessionKeys.map { try KeyText.decode($0.bytes) } == [
                Array("01234567890123456789012345678901".utf8)
            ])
        #expect(configuration.providers[0].clientAuth == .basic(secret: Secret(Array("very-secret-client".utf8))))
        guard case .s3(let bucket) = configuration.origins[0].kind else { return #expect(Bool(false)) }
        #expect(bucket.prefix == "site/" && bucket.addressing == .virtual)
        #expect(bucket.credentials.keys?.secretAccessKey.reveal() == "very-secret-s3")
        let site = configuration.sites[0]
        #expect(site.session.idle.seconds == 3600 && site.session.cookieName(isSecure: true) == "__Host-postern")
        #expect(site.session.browserCookieName(isSecure: false) == "postern-browser")
        #expect(site.content.fallback == nil && site.content.notFound == "/404.html")
        #expect(site.rules.rule(for: ["admin"]).requirement == .groups(["admins"]))
    }

    /// All keys at once, most of them at odds with their defaults.
    @Test func wholeConfigReadsAsWritten() throws {
        let text = """
            listeners:
              public:
                address: 0.0.0.0:443
                tls:
                  certificate: /etc/postern/tls/fullchain.pem
                  key: file:/etc/postern/tls/privkey.pem
              plain:
                address: 0.0.0.0:80
                redirect_to_https: true
            admin:
              address: 127.0.0.1:9180
            workers: 4
            trusted_proxies: [10.0.0.0/8, "fd00::/8"]
            session_keys:
              - file:/etc/postern/session.key
            providers:
              corp:
                issuer: https://id.example.com
                client_id: postern
                client_secret: credential:client.secret
                client_auth: basic
                client_key: file:/etc/postern/client.pem
                scopes: [openid, email, profile]
                ca_file: /etc/postern/ca.pem
            origins:
              docs:
                s3:
                  bucket: docs-private
                  region: eu-central-1
                  endpoint: https://s3.eu-central-1.amazonaws.com
                  addressing: virtual
                  prefix: site/
                  credentials: auto
                  access_key_id: env:AWS_ACCESS_KEY_ID
                  secret_access_key: file:/etc/postern/s3.secret
              handbook:
                directory: /srv/docs
            log:
              level: debug
              format: text
              access: journald
            limits: {}
            sites:
              docs:
                hosts: [docs.example.com]
                public_url: https://docs.example.com
                provider: corp
                origin: docs
                session:
                  idle: 1h
                  lifetime: 12h
                  ends_with_token: true
                  cookie: __Host-postern
                content:
                  index: index.html
                  fallback: ""
                  clean_urls: false
                  not_found: /404.html
                rules:
                  /public/**: anyone
                  /admin/**: groups:admins
                  /**: signed-in
            """
        let environment = ["CREDENTIALS_DIRECTORY": "/etc/postern", "AWS_ACCESS_KEY_ID": "AKIA"]
        let result = load(text, environment: environment)
        #expect(result.faults.map(\.key) == ["providers.corp.client_key"], "\(result.faults.text)")
        let configuration = try #require(result.configuration)
        #expect(configuration.workers == 4 && configuration.trustedProxies.count == 2)
        #expect(
            configuration.log.level == .debug && configuration.log.format == .text
                && configuration.log.access == .journald)
        #expect(configuration.limits.requestLine == 8192 && configuration.limits.drainTimeout.seconds == 30)
        #expect(configuration.origins.map(\.name) == ["docs", "handbook"])
        #expect(configuration.sites[0].session.endsWithToken && configuration.sites[0].rules.rules.count == 3)
    }
}
