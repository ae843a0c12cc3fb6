import ArgumentParser
import Bytes
import Gateway
import Posix
import Settings

/// Which running instance a command is about.
struct AdminOptions: ParsableArguments {
    @OptionGroup var file: ConfigOption
    @ArgumentParser.Option(
        help: ArgumentHelp(
            "Where the running instance is asked: the path of its admin socket, or ADDRESS:PORT.",
            discussion: "Left out: as the config says. Its admin socket, where it is there, else its admin listener."))
    var admin: String?

    /// Asks the first place that can be connected to, and prints what it says.
    ///
    /// - Parameters:
    ///   - order: JSON, to have something done: at an admin socket alone.
    ///   - seconds: for the answer.
    func ask(
        _ path: String, order: [UInt8]? = nil, wantsJSON: Bool = false, seconds: Int64 = 30
    ) throws -> AdminClient.Answer {
        var failures: [AdminClientError] = []
        for place in try places(forOrder: order != nil) {
            do throws(AdminClientError) {
                return try AdminClient(place).ask(
                    path, order: order, accept: wantsJSON ? "application/json" : "text/plain", seconds: seconds)
            } catch {
                failures.append(error)
                if !error.isMissing { break }
            }
        }
        let reasons = failures.map { "\n  \($0)" }.joined()
        throw CommandFailure.failed(
            "postern: no running instance answers"
                + (order == nil ? "" : " at an admin socket, which this takes (admin.socket)")
                + ". Is it running, and may you ask it?" + reasons)
    }

    /// The same; prints what it says, and fails where it does not do as it is asked.
    func tell(_ path: String, order: [UInt8]? = nil, wantsJSON: Bool = false) throws {
        try show(try ask(path, order: order, wantsJSON: wantsJSON))
    }

    func show(_ answer: AdminClient.Answer) throws {
        guard answer.status < 400 else { throw CommandFailure.failed("postern: " + answer.line) }
        StandardStreams.print(answer.line + "\n")
    }

    private func places(forOrder: Bool) throws -> [AdminPlace] {
        let environment = CurrentProcess.environment
        if let admin {
            guard let place = AdminPlace(admin) else {
                throw ValidationError("--admin takes the path of a socket, or ADDRESS:PORT, and not '\(admin)'.")
            }
            return [place]
        }
        let (readings, faults) = ConfigurationLoader.admin(path: file.config, environment: environment)
        guard let readings else {
            for fault in faults { StandardStreams.print(fault.description + "\n", to: .error) }
            throw CommandFailure.config("\(file.config) does not tell where to ask: use --admin.")
        }
        let places = AdminPlace.all(
            socket: readings.socket, address: readings.address, environment: environment)
        return forOrder ? Array(places.prefix(1)) : places
    }
}

extension AdminClient.Answer {
    /// Without the last line's end.
    var line: String { text.hasSuffix("\n") ? String(text.dropLast()) : text }
}

extension AdminOptions {
    /// An order's members as JSON.
    static func order(_ members: KeyValuePairs<String, String>) -> [UInt8] {
        var json = JSONText()
        json.object { for (name, value) in members { $0.member(name, value) } }
        return json.bytes
    }
}
