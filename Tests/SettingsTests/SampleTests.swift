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
        let one = try #require(yaml.configuration), other = try #require(ini.configuration)
        #expect(one.listeners.sorted { $0.name < $1.name } == other.listeners.sorted { $0.name < $1.name })
        #expect(one.admin == other.admin && one.workers == other.workers && one.trustedProxies == other.trustedProxies)
        #expect(one.sessionKeys == other.sessionKeys && one.providers == other.providers)
        #expect(one.origins == other.origins && one.sites == other.sites)
        #expect(one.log == other.log && one.limits == other.limits)
    }

    @Test func theReferencePageIsTheTables() throws {
        #expect(try Self.repositoryFile("docs/configuration.md") == OptionReference.markdown())
    }

    @Test func sampleReadsAsWritten() throws {
        let configuration = try #require(load(try Self.repositoryFile("config/postern.yaml")).configuration)
        #expect(configuration.listeners.map(\.name) == ["public", "plain"])
        #expect(configuration.listeners[0].tls?.certificates.count == 1)
        #expect(configuration.listeners[1].redirectToHTTPS)
        #expect(configuration.admin?.address.description == "127.0.0.1:9180")
        #expect(configuration.workers == nil)
        #expect(configuration.sessionKeys.map(\.bytes) == [Array("01234567890123456789012345678901".utf8)])
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
}
