import Foundation
import HTTP
import Origins
import Posix
import Reactor
import Synchronization
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

    func rig() throws -> OriginRig {
        let loop = try EventLoop()
        return OriginRig(loop: loop, origin: try DirectoryOrigin(path: root.path, loop: loop))
    }

    @Test(arguments: OriginSuite.cases)
    func directoryPasses(_ test: OriginSuite) throws {
        for (key, content) in OriginSuite.objects { try write(key, content) }
        try test.run(rig())
    }

    @Test func aDirectoryThatIsNoneIsRefused() {
        #expect(throws: SystemError.self) {
            try DirectoryOrigin(path: root.path + "/nothing", loop: try EventLoop())
        }
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

    /// A memory's file system does not tell what it has in memory: all of it is read by other threads.
    @Test(.enabled(if: access("/dev/shm", W_OK) == 0), arguments: OriginSuite.cases)
    func directoryWhoseFilesOtherThreadsReadPasses(_ test: OriginSuite) throws {
        let root = URL(fileURLWithPath: "/dev/shm/origins-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (key, content) in OriginSuite.objects {
            let path = root.path + "/" + key
            let parent = String(path[..<path.lastIndex(of: "/")!])
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: path, contents: Data(content)))
        }
        let loop = try EventLoop()
        try test.run(OriginRig(loop: loop, origin: try DirectoryOrigin(path: root.path, loop: loop, readers: 2)))
    }

    @Test func aFileThatIsOnTheDiskAloneIsReadWhole() throws {
        let content = OriginSuite.content(3_000_000)
        try write("a", content)
        let file = open(root.path + "/a", O_RDWR)
        fsync(file)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        close(file)
        #expect(try rig().object("a").body == content)
    }

    @Test func linksThatAreSwappedMeanwhileLeadNowhereOutside() throws {
        try write("inside/real.txt", [1])
        try FileManager.default.createDirectory(atPath: folder.path + "/real", withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: folder.path + "/real/real.txt", contents: Data([7]))
        let site = root.path, isOver = Flag()
        // `folder/real.txt` is one or the other, or the folder itself one or the other.
        let swapper = try Thread.spawn(name: "swapper") {
            while !isOver.isSet {
                for target in ["inside", "../real", site + "/../real", "inside/../inside"] {
                    symlink(target, site + "/next")
                    rename(site + "/next", site + "/folder")
                }
            }
        }
        defer {
            isOver.set()
            swapper.join()
        }
        let rig = try rig()
        var found = 0
        for _ in 0..<3000 {
            switch rig.fetch("folder/real.txt") {
            case .object(let object):
                #expect(object.body == [1])
                found += 1
            case .notFound: break
            case let other: Issue.record("\(other)")
            }
        }
        #expect(found > 0)
    }

    @Test func whatIsNoRegularFileIsNotFound() throws {
        let rig = try rig()
        try FileManager.default.createDirectory(atPath: root.path + "/folder", withIntermediateDirectories: true)
        mkfifo(root.path + "/pipe2", 0o600)
        symlink("/proc/self/fd/0", root.path + "/descriptor")
        symlink("/dev/zero", root.path + "/zero")
        mknod(root.path + "/null", S_IFCHR | 0o666, 1 << 8 | 3)
        for key in ["folder", "pipe2", "descriptor", "zero", "null"] {
            guard case .notFound = rig.fetch(key) else {
                Issue.record("\(key)")
                continue
            }
        }
    }

    /// The bytes of `a` as far as they come, after `change` has been made behind the first of them.
    private func readWhile(_ change: () -> Void) throws -> (bytes: [UInt8], result: BodyRead) {
        var body: (any BodySource)?
        let rig = try rig()
        rig.origin.fetch(OriginRequest(key: "a")) { response in
            if case .object(let object) = response { body = object.body }
        }
        rig.turn(until: { body != nil }, MonotonicTime.now() + .seconds(5))
        var bytes: [UInt8] = []
        var result = BodyRead.wait
        let end = MonotonicTime.now() + .seconds(5)
        func read() {
            repeat {
                bytes.append(addingCapacity: 30_000) { (out: inout OutputSpan<UInt8>) in
                    result = body!.read(into: &out)
                }
                if result == .wait { rig.loop.turn(waitAtMost: .milliseconds(10)) }
            } while result == .wait && MonotonicTime.now() < end
        }
        read()
        #expect(result == .bytes)
        change()
        while result == .bytes { read() }
        return (bytes, result)
    }

    @Test func aFileThatIsCutWhileItIsReadFails() throws {
        try write("a", OriginSuite.content(100_000))
        let (bytes, result) = try readWhile { truncate(root.path + "/a", 40_000) }
        #expect(result == .failed(.malformed))
        #expect(bytes.count <= 40_000)
    }

    @Test(arguments: [99_999, 100_000, 200_000])
    func aFileThatIsWrittenWhileItIsReadFailsBeforeItsLastByte(_ size: Int) throws {
        try write("a", OriginSuite.content(100_000))
        let (bytes, result) = try readWhile {
            let file = open(root.path + "/a", O_RDWR)
            pwrite(file, [0], 1, 99_000)
            ftruncate(file, off_t(size))
            close(file)
        }
        #expect(result == .failed(.malformed))
        #expect(bytes.count < 100_000)
    }

    @Test func aFileThatIsReplacedOrDeletedWhileItIsReadIsReadWhole() throws {
        try write("a", OriginSuite.content(100_000))
        let (bytes, result) = try readWhile { unlink(root.path + "/a") }
        #expect(result == .end)
        #expect(bytes == OriginSuite.content(100_000))
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
