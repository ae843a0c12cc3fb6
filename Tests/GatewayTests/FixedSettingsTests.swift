import Foundation
import Settings
import Testing

@testable import Gateway

/// What a reload refuses, for a running process cannot change it.
struct FixedSettingsTests {
    private func configuration(_ more: String = "", listener: String = #"address: "127.0.0.1:8080""#) throws
        -> Configuration
    {
        let directory = NSTemporaryDirectory() + "postern-fixed-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = """
            listeners: {web: {\(listener)}}
            origins: {docs: {directory: /}}
            sites: {docs: {hosts: [localhost], origin: docs, rules: {"/**": anyone}}}
            \(more)
            """
        let path = directory + "/postern.yaml"
        try Data(text.utf8).write(to: URL(filePath: path))
        let (configuration, faults) = ConfigurationLoader.load(path: path, environment: [:])
        return try #require(configuration, "\(faults)")
    }

    private func keys(_ old: Configuration, _ new: Configuration) -> [String] {
        FixedSettings.faults(from: old, to: new, workers: 2).map(\.key)
    }

    @Test func eachIsNamed() throws {
        let old = try configuration("workers: 2")
        #expect(keys(old, old) == [])
        #expect(keys(old, try configuration("workers: 3")) == ["workers"])
        #expect(keys(old, try configuration("workers: 2\nstate_directory: /tmp")) == ["state_directory"])
        let shared = #"address: "127.0.0.1:8080", reuse_port: true"#
        #expect(keys(old, try configuration("workers: 2", listener: shared)) == ["listeners.web.reuse_port"])
    }

    @Test func whatCanChangeIsNone() throws {
        let old = try configuration("workers: 2")
        let elsewhere = #"address: "127.0.0.1:8081", reuse_port: true"#
        #expect(keys(old, try configuration("workers: 2\nlimits: {connections: 100}", listener: elsewhere)) == [])
        #expect(keys(old, try configuration("workers: 2\nadmin: {address: 127.0.0.1:9180}")) == [])
    }

    @Test func anAddressDoesNotMoveBetweenWorkersAndAdmin() throws {
        let old = try configuration("workers: 2\nadmin: {address: 127.0.0.1:9180}")
        let moved = #"address: "127.0.0.1:9180""#
        #expect(keys(old, try configuration("workers: 2", listener: moved)) == ["admin.address"])
    }
}
