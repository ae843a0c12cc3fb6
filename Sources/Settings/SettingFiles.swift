import FoundationEssentials

/// The file system as a config needs it: whole small files, and what kind of thing a path is.
package protocol SettingFiles: Sendable {
    /// For paths that are relative to nothing else; absolute.
    var currentDirectory: String { get }
    func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8]
    /// Nil where nothing is there, or nothing that may be looked at.
    func status(_ path: String) -> FileStatus?
    /// What is in a directory, in no order.
    func names(in directory: String) throws(FileProblem) -> [String]
}

package enum FileProblem: Error, Sendable, Equatable {
    case missing, isDirectory, isSpecial, unreadable, tooLarge

    /// Goes on after `the file PATH`.
    var text: String {
        switch self {
        case .missing: "does not exist"
        case .isDirectory: "is a directory"
        case .isSpecial: "is a device, a pipe or a socket"
        case .unreadable: "cannot be read"
        case .tooLarge: "is too large"
        }
    }
}

package struct FileStatus: Sendable, Equatable {
    package let isDirectory: Bool
    /// The nine permission bits.
    package let permissions: Int

    package init(isDirectory: Bool, permissions: Int) {
        self.isDirectory = isDirectory
        self.permissions = permissions
    }
}

/// This machine's files.
package struct LocalFiles: SettingFiles {
    package init() {}

    package var currentDirectory: String { FileManager.default.currentDirectoryPath }

    package func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        guard let status = attributes(path) else { throw .missing }
        guard !status.isDirectory else { throw .isDirectory }
        // A pipe may never end, and a device never does.
        guard status.isRegular else { throw .isSpecial }
        guard status.size <= limit else { throw .tooLarge }
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable }
        guard data.count <= limit else { throw .tooLarge }
        return Array(data)
    }

    package func status(_ path: String) -> FileStatus? {
        attributes(path).map { FileStatus(isDirectory: $0.isDirectory, permissions: $0.permissions) }
    }

    package func names(in directory: String) throws(FileProblem) -> [String] {
        guard let status = attributes(directory), status.isDirectory else { throw .missing }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { throw .unreadable }
        return names
    }

    private func attributes(_ path: String) -> (isDirectory: Bool, isRegular: Bool, permissions: Int, size: Int)? {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
        // A link's own attributes say nothing about the file behind it.
        let target = resolved(path)
        guard let found = try? FileManager.default.attributesOfItem(atPath: target) else { return nil }
        let permissions = (found[.posixPermissions] as? Int) ?? (found[.posixPermissions] as? UInt).map { Int($0) } ?? 0
        let size = (found[.size] as? Int) ?? (found[.size] as? UInt64).map { Int($0) } ?? 0
        return (isDirectory, found[.type] as? FileAttributeType == .typeRegular, permissions & 0o777, size)
    }

    private func resolved(_ path: String) -> String {
        var path = path
        for _ in 0..<40 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
            path = next.hasPrefix("/") ? next : PathText.directory(of: path) + "/" + next
        }
        return path
    }
}

enum PathText {
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `path` as seen from `base`, without `.` segments.
    static func absolute(_ path: String, from base: String) -> String {
        let joined = path.hasPrefix("/") ? path : base + "/" + path
        let parts = joined.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }
}
