import Foundation
import Posix
import Sessions
import Testing

@testable import Gateway

@Suite struct RevocationFileTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }

    private var path: String { directory + "/revocations" }

    private func some(_ count: Int, until: Int64 = .max) -> [Revocation] {
        (0..<count).map { _ in Revocation(.session(.random()), before: 5, until: until) }
    }

    @Test func whatOneAddsAnotherFinds() throws {
        let one = try RevocationFile(directory: directory), other = try RevocationFile(directory: directory)
        let entries = some(3)
        try one.append(entries)
        #expect(try other.read() == entries && other.read() == [])
        try other.append(Array(entries[..<1]))
        #expect(try one.read() == entries + entries[..<1])
    }

    @Test func itIsForItsOwnerAlone() throws {
        try RevocationFile(directory: directory).append(some(1))
        #expect(try FileStatus.of(path: path).permissions == 0o600)
    }

    @Test func aTornEndIsPassedOver() throws {
        let file = try RevocationFile(directory: directory)
        let entries = some(2)
        try file.append(entries)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([1, 2, 3, 4, 5]))
        let reader = try RevocationFile(directory: directory)
        #expect(try reader.read() == entries)
        let more = some(1)
        try file.append(more)
        #expect(try reader.read() == more && reader.damaged == 5)
        #expect(try RevocationFile(directory: directory).read() == entries + more)
    }

    @Test func aFileThatWasTakenAwayIsMadeAnew() throws {
        let file = try RevocationFile(directory: directory)
        #expect(file.isFresh)
        try file.append(some(1))
        _ = try file.read()
        #expect(!file.isFresh)
        try FileManager.default.removeItem(atPath: path)
        #expect(try file.read() == [] && file.isFresh)
        let entries = some(2)
        try file.append(entries)
        #expect(try file.read() == entries && !file.isFresh)
    }

    @Test func aFileThatIsMostlyOverIsWrittenAnewAndOthersFollow() throws {
        let one = try RevocationFile(directory: directory, compactionSize: 1000)
        let other = try RevocationFile(directory: directory, compactionSize: 1000)
        let old = some(30), live = some(5)
        try one.append(old + live)
        _ = try one.read()
        _ = try other.read()
        try one.compactIfDue { live }
        #expect(try FileStatus.of(path: path).size == 5 * 48)
        let late = some(1)
        try other.append(late)
        #expect(try Set(other.read()) == Set(live + late))
        #expect(try Set(one.read()) == Set(live + late))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["revocations"])
    }

    @Test func nothingThatOthersAddedIsLostInWritingItAnew() throws {
        let one = try RevocationFile(directory: directory, compactionSize: 1000)
        try one.append(some(30))
        _ = try one.read()
        try RevocationFile(directory: directory).append(some(1))
        try one.compactIfDue { [] }
        #expect(try FileStatus.of(path: path).size == 31 * 48, "it has to be read first")
        _ = try one.read()
        try one.compactIfDue { [] }
        #expect(try FileStatus.of(path: path).size == 0)
    }

    @Test func whatIsStillOfUseIsNotWrittenAnew() throws {
        let file = try RevocationFile(directory: directory, compactionSize: 1000)
        let entries = some(30)
        try file.append(entries)
        _ = try file.read()
        let inode = try FileStatus.of(path: path).inode
        try file.compactIfDue { Array(entries.prefix(15)) }
        #expect(try FileStatus.of(path: path).inode == inode)
    }

    @Test func aLinkOrADirectoryInItsPlaceIsRefused() throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
        #expect(throws: SystemError.self) { try RevocationFile(directory: directory) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(throws: SystemError.self) { try RevocationFile(directory: directory) }
    }
}

@Suite struct StateDirectoryTests {
    @Test func theConfigComesBeforeSystemdAndThatBeforeTheSystemAndTheUser() {
        let all = ["STATE_DIRECTORY": "/run/a:/run/b", "XDG_STATE_HOME": "/x", "HOME": "/home/ada"]
        func candidates(_ configured: String?, _ environment: [String: String]) -> [String] {
            StateDirectory.candidates(configured: configured, environment: environment)
        }
        #expect(candidates("/srv/state", all) == ["/srv/state"])
        #expect(candidates(nil, all) == ["/run/a"])
        #expect(candidates(nil, ["XDG_STATE_HOME": "/x", "HOME": "/h"]) == ["/var/lib/postern", "/x/postern"])
        #expect(candidates(nil, ["HOME": "/home/ada"]) == ["/var/lib/postern", "/home/ada/.local/state/postern"])
        #expect(candidates(nil, ["STATE_DIRECTORY": "", "XDG_STATE_HOME": "x"]) == ["/var/lib/postern"])
    }

    @Test func whatIsMissingIsMadeAndWhatCannotBeIsPassedOver() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID())").path
        let (path, problems) = StateDirectory.open(["/dev/null/x", base + "/a/b"])
        #expect(path == base + "/a/b" && problems.count == 1)
        #expect(try FileStatus.of(path: base + "/a").permissions == 0o700)
        #expect(StateDirectory.open(["/dev/null/x"]).path == nil)
    }
}
