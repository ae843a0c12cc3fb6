import FoundationEssentials
import Settings
import Testing

@testable import Gateway

struct DoctorTests {
    @Test func findingsPrintAsLinesAndAsJSON() {
        var part = PartFindings("origins.docs")
        part.ok(.bucket, "it is there")
        part.warning(.object, "there is no a\u{1B}[1m\nb", "Upload one")
        part.failed(.clock, "late", "Set it")
        let checkup = Checkup(findings: part.findings)
        #expect(checkup.hasFailed)
        #expect(
            checkup.text == """
                ok       origins.docs: bucket: it is there
                warning  origins.docs: object: there is no a [1m b. Upload one.
                failed   origins.docs: clock: late. Set it.
                1 ok, 1 warning, 1 failed

                """)
        #expect(
            Checkup(findings: [part.findings[0]]).json
                == #"{"ok":true,"checks":[{"result":"ok","part":"origins.docs","check":"bucket","message":"it is there","remedy":""}]}"#
                + "\n")
    }

    @Test func clocksAreComparedWithWhatIsBorne() {
        func result(_ seconds: Int64) -> Checkup.Finding.Result {
            var part = PartFindings("a")
            part.clock(seconds, tolerance: 60, whatFails: "tokens are refused")
            return part.findings[0].result
        }
        #expect([0, 30, -30, 31, -60, 61, -61].map(result) == [.ok, .ok, .ok, .warning, .warning, .failed, .failed])
        #expect(result(.min) == .failed)
    }

    @Test func whatIsNotDoneInTimeHasFailed() throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "postern-doctor-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let config = """
            listeners: {web: {address: "127.0.0.1:8080"}}
            session_keys: [MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE]
            providers: {corp: {issuer: "http://localhost:1", client_id: a}}
            origins: {docs: {directory: .}}
            sites: {docs: {hosts: ["localhost:8080"], provider: corp, origin: docs}}
            state_directory: .
            """
        let file = directory.appending(path: "postern.yaml").path
        try Data(config.utf8).write(to: URL(filePath: file))
        let (configuration, faults) = ConfigurationLoader.load(path: file, environment: [:])
        let checkup = try Doctor.examine(
            try #require(configuration, "\(faults)"), environment: [:], patience: .zero)
        let late = checkup.findings.filter { $0.part == "providers.corp" }
        #expect(late.map(\.check) == [.time] && checkup.hasFailed, "\(checkup.text)")
    }

    @Test func redirectURIsAreThoseOfEveryHost() throws {
        let config = """
            listeners:
              web: {address: "127.0.0.1:8080"}
              tls: {address: "127.0.0.1:8443", tls: {certificate: a.pem, key: b.pem}}
            trusted_proxies: [10.0.0.1]
            session_keys: [MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE]
            providers:
              corp: {issuer: "https://id.example.com", client_id: a}
              own: {issuer: "https://own.example.com", client_id: a, own_callback: true}
            origins: {docs: {directory: .}}
            sites:
              one: {hosts: [docs.example.com, "localhost:8080", "localhost:8443"], provider: corp, origin: docs}
              two: {hosts: ["www.example.com", "x.example.com"], public_url: "https://www.example.com", provider: [own, corp], origin: docs}
            """
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "postern-uris-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in [
            ("postern.yaml", config), ("a.pem", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"),
            ("b.pem", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"),
        ] {
            try Data(text.utf8).write(to: directory.appending(path: name))
        }
        let path = directory.appending(path: "postern.yaml").path
        let configuration = try #require(ConfigurationLoader.load(path: path, environment: [:]).configuration)
        #expect(
            configuration.providers.map(configuration.redirectURIs) == [
                [
                    "https://docs.example.com/.auth/callback", "http://localhost:8080/.auth/callback",
                    "https://localhost:8443/.auth/callback", "https://www.example.com/.auth/callback",
                ],
                ["https://www.example.com/.auth/callback/own"],
            ])
    }
}
