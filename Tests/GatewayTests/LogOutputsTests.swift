import Foundation
import Settings
import Telemetry
import Testing

@testable import Gateway

/// The access log's file, and what happens to it when it is moved away.
struct LogOutputsTests {
    private let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "postern-logs-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func outputs(_ access: String) throws -> LogOutputs {
        let text = """
            listeners: {web: {address: "127.0.0.1:8080"}}
            origins: {docs: {directory: \(directory)}}
            sites: {docs: {hosts: [localhost], origin: docs, rules: {"/**": anyone}}}
            log: {access: "\(access)"}
            """
        let path = directory + "/postern.yaml"
        try Data(text.utf8).write(to: URL(filePath: path))
        let (configuration, faults) = ConfigurationLoader.load(path: path, environment: [:])
        return try LogOutputs(try #require(configuration, "\(faults)").log)
    }

    private func content(_ name: String) -> String? {
        FileManager.default.contents(atPath: directory + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func aLogThatWasMovedAwayGoesOnInANewFile() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let logs = try outputs("file:access.log")
        logs.access?.write(Array("one\n".utf8))
        try FileManager.default.moveItem(atPath: directory + "/access.log", toPath: directory + "/access.log.1")
        logs.access?.write(Array("two\n".utf8))
        #expect(try logs.reopen() == directory + "/access.log")
        logs.access?.write(Array("three\n".utf8))
        #expect(content("access.log.1") == "one\ntwo\n")
        #expect(content("access.log") == "three\n")
    }

    @Test func aLogThatCannotBeOpenedAgainGoesOnInTheOldFile() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let logs = try outputs("file:access.log")
        try FileManager.default.moveItem(atPath: directory + "/access.log", toPath: directory + "/access.log.1")
        try FileManager.default.createDirectory(atPath: directory + "/access.log", withIntermediateDirectories: false)
        #expect(throws: (any Error).self) { try logs.reopen() }
        logs.access?.write(Array("one\n".utf8))
        #expect(content("access.log.1") == "one\n")
    }

    @Test func aLogThatIsNoFileHasNothingToOpenAgain() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try outputs("stderr").reopen() == nil)
        #expect(try outputs("off").reopen() == nil)
    }
}
