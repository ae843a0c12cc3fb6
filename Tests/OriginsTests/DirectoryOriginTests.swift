import Foundation
import HTTP
import Origins
import Posix
import Reactor
import Testing

/// The shared suite upon files, and what only files can do.
@Suite(.serialized)
final class DirectoryOriginTests {
    let folder: URL
    let root: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("origins-\(UUID().uuidString)")
        root = folder.appendingPathComponent("site")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ key: String, _ content: [UInt8]) throws {
        let path = root.path + "/" + key
        let parent = String(path[..<path.lastIndex(of: "/")!])
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: path, contents: Data(content)))
    }

    func rig() throws -> OriginRig { OriginRig(loop: try EventLoop(), origin: try DirectoryOrigin(path: root.path)) }

    @Test(arguments: OriginSuite.cases)
    func directoryPasses(_ test: OriginSuite) throws {
        for (key, content) in OriginSuite.objects { try write(key, content) }
        try test.run(rig())
    }

    @Test func aDirectoryThatIsNoneIsRefused() {
        #expect(throws: SystemError.self) { try DirectoryOrigin(path: root.path + "/nothing") }
    }

    @Test func linksLeadNowhereOutside() throws {
        try write("inside/real.txt", [1])
        _ = FileManager.default.createFile(atPath: folder.path + "/secret", contents: Data([7]))
        func link(_ key: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: root.path + "/" + key, withDestinationPath: target)
        }
        try link("up", to: "../secret")
        try link("absolute", to: folder.path + "/secret")
        try link("folder", to: "..")
        try link("loop", to: "loop")
        try link("back", to: "inside/../../site/inside/real.txt")
        try link("proc", to: "/proc/self/environ")
        try link("beneath", to: "inside/real.txt")
        let rig = try rig()
        for key in ["up", "absolute", "folder/secret", "loop", "back", "proc"] {
            guard case .notFound = rig.fetch(key) else {
                Issue.record("\(key)")
                continue
            }
        }
        #expect(try rig.object("beneath").body == [1])
    }

    @Test func onlyRegularFilesAreServed() throws {
        mkfifo(root.path + "/pipe", 0o600)
        guard case .notFound = try rig().fetch("pipe") else {
            Issue.record("found")
            return
        }
    }

    @Test func aChangedFileHasAnotherTag() throws {
        try write("a", [1])
        let rig = try rig()
        let first = try rig.object("a").fields[.etag]
        try write("a", [2])
        #expect(try rig.object("a").fields[.etag] != first)
    }

    @Test func aFileThatIsCutWhileItIsReadFails() throws {
        try write("a", OriginSuite.content(100_000))
        var body: (any BodySource)?
        try rig().origin.fetch(OriginRequest(key: "a")) { response in
            if case .object(let object) = response { body = object.body }
        }
        var bytes: [UInt8] = []
        var result = BodyRead.wait
        func read() {
            bytes.append(addingCapacity: 30_000) { (out: inout OutputSpan<UInt8>) in result = body!.read(into: &out) }
        }
        read()
        #expect(result == .bytes)
        truncate(root.path + "/a", 40_000)
        while result == .bytes { read() }
        #expect(result == .failed(.malformed))
        #expect(bytes.count == 40_000)
        read()
        #expect(result == .failed(.disconnected))
    }

    @Test func aFileThatGrowsWhileItIsReadKeepsItsLength() throws {
        try write("a", OriginSuite.content(1000))
        var body: (any BodySource)?
        try rig().origin.fetch(OriginRequest(key: "a")) { response in
            if case .object(let object) = response { body = object.body }
        }
        truncate(root.path + "/a", 5000)
        var bytes: [UInt8] = []
        var result = BodyRead.wait
        bytes.append(addingCapacity: 8000) { (out: inout OutputSpan<UInt8>) in result = body!.read(into: &out) }
        #expect(result == .end)
        #expect(bytes == OriginSuite.content(1000))
    }
}
