import FoundationEssentials
import Settings
import Testing

/// The real file system, in a directory that the test makes and removes.
struct LocalFilesTests {
    @Test func filesAreReadWithTheirLimitsAndRights() throws {
        let manager = FileManager.default
        let directory = manager.temporaryDirectory.appending(path: "postern-settings-\(UInt64.random(in: 0 ... .max))")
            .path
        try manager.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? manager.removeItem(atPath: directory) }
        #expect(
            manager.createFile(
                atPath: directory + "/a", contents: Data([1, 2, 3]), attributes: [.posixPermissions: 0o640]))
        try manager.createSymbolicLink(atPath: directory + "/b", withDestinationPath: "a")

        let files = LocalFiles()
        for name in ["/a", "/b"] {
            #expect(try files.read(directory + name, limit: 3) == [1, 2, 3])
            #expect(files.status(directory + name) == FileStatus(isDirectory: false, permissions: 0o640))
            #expect(throws: FileProblem.tooLarge) { try files.read(directory + name, limit: 2) }
        }
        #expect(throws: FileProblem.missing) { try files.read(directory + "/c", limit: 3) }
        #expect(throws: FileProblem.isDirectory) { try files.read(directory, limit: 3) }
        #expect(throws: FileProblem.isSpecial) { try files.read("/dev/zero", limit: 3) }
        #expect(files.status(directory)?.isDirectory == true)
        #expect(files.status(directory + "/c") == nil)
        #expect(files.currentDirectory.hasPrefix("/"))
    }

    @Test func configOfThisMachineIsLoaded() throws {
        let manager = FileManager.default
        let directory = manager.temporaryDirectory.appending(path: "postern-settings-\(UInt64.random(in: 0 ... .max))")
            .path
        try manager.createDirectory(atPath: directory + "/site", withIntermediateDirectories: true)
        defer { try? manager.removeItem(atPath: directory) }
        let text = Sample.replacing("/srv/docs", "site")
        let key = String(repeating: "k", count: 43)
        _ = manager.createFile(atPath: directory + "/session.key", contents: Data(key.utf8))
        _ = manager.createFile(atPath: directory + "/c.yaml", contents: Data(text.utf8))
        let result = ConfigurationLoader.load(path: directory + "/c.yaml", environment: [:])
        #expect(result.faults == [], "\(result.faults.text)")
        #expect(result.configuration?.origins[0].kind == .directory(directory + "/site"))
    }
}
