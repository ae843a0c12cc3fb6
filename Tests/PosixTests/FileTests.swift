import Posix
import Testing

@Test func aFileIsReadUpToTheLimitAndNotBeyond() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    TestFiles.write("\(directory)/file", bytes)
    #expect(try File.read(path: "\(directory)/file", limit: 10_000) == bytes)
    #expect(throws: SystemError(errno: 27, call: "read \(directory)/file")) {
        try File.read(path: "\(directory)/file", limit: 9_999)
    }
    #expect(throws: SystemError.self) { try File.read(path: "\(directory)/none", limit: 1) }
    #expect(throws: SystemError.self) { try File.read(path: directory, limit: 1) }
}

@Test func theStatusTellsSizeKindAndPermissions() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    TestFiles.write("\(directory)/file", [1, 2, 3], mode: 0o640)
    let status = try FileStatus.of(path: "\(directory)/file")
    #expect(status.size == 3)
    #expect(status.isRegular && !status.isDirectory)
    #expect(status.permissions == 0o640)
    #expect(abs(status.modified - WallClock.now()) < 60)
    #expect(try FileStatus.of(path: directory).isDirectory)
}

@Test func aFileIsReadFromAnyOffset() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    TestFiles.write("\(directory)/file", Array("0123456789".utf8))
    let file = try Directory(path: directory).open("file")
    var bytes: [UInt8] = []
    bytes.append(addingCapacity: 4) { (out: inout OutputSpan<UInt8>) in
        #expect(file.read(into: &out, at: 3, limit: 2) == .bytes(2))
        #expect(file.read(into: &out, at: 8) == .bytes(2))
    }
    #expect(bytes == Array("3489".utf8))
    bytes.append(addingCapacity: 4) { (out: inout OutputSpan<UInt8>) in
        #expect(file.read(into: &out, at: 10) == .end)
    }
}

@Test func nothingBesideTheDirectoryIsOpened() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    TestFiles.makeDirectory("\(directory)/root")
    TestFiles.makeDirectory("\(directory)/root/a")
    TestFiles.write("\(directory)/secret", [1])
    TestFiles.write("\(directory)/root/a/file", [2])
    TestFiles.link("\(directory)/root/out", to: "../secret")
    TestFiles.link("\(directory)/root/absolute", to: "/etc/passwd")
    TestFiles.link("\(directory)/root/in", to: "a/file")
    let root = try Directory(path: "\(directory)/root")
    #expect(try root.open("a/file").status().size == 1)
    #expect(try root.open("a").status().isDirectory)
    if root.kernelConfines { #expect(try root.open("in").status().size == 1) }
    for path in ["../secret", "a/../../secret", "out", "absolute", "/etc/passwd", "", "a/file/x", "none", "a\0/file"] {
        #expect(throws: SystemError.self, "\(path)") { _ = try root.open(path).raw }
    }
}

@Test func steppingThroughComponentsFollowsNoLink() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    TestFiles.makeDirectory("\(directory)/a")
    TestFiles.makeDirectory("\(directory)/a/b")
    TestFiles.write("\(directory)/a/b/file", [2])
    TestFiles.link("\(directory)/a/link", to: "b")
    TestFiles.link("\(directory)/a/b/other", to: "file")
    let root = try Directory(path: directory, confinedByKernel: false)
    #expect(try root.open("a/b/file").status().size == 1)
    #expect(try root.open("a/b").status().isDirectory)
    for path in ["a/link/file", "a/b/other", "a/../a/b/file", "..", "a/none", "a/b/file/x"] {
        #expect(throws: SystemError.self, "\(path)") { _ = try root.open(path).raw }
    }
}
