import ArgumentParser
import Gateway
import Posix
import Settings
import Tokens

struct Explain: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        abstract: "Tells which site and rule a URL meets, who is let in and why, and what is looked up in the origin.",
        discussion: """
            Nothing on the network. Claims are those of an ID token, as JSON: \
            {"sub": "1", "email": "alice@example.com", "groups": ["staff"]}. Without them the request is a stranger's.
            """)

    @OptionGroup var file: ConfigOption
    @ArgumentParser.Option(help: "A file with the claims of whoever asks.") var claims: String?
    @ArgumentParser.Option(help: "The method of the request.") var method = "GET"
    @ArgumentParser.Option(help: "text or json.") var format: Format = .text
    @Argument(help: "The URL asked for; its path will do where there is one site.") var url: String

    func run() throws {
        let (configuration, faults) = ConfigurationLoader.load(
            path: file.config, environment: CurrentProcess.environment)
        for fault in faults where fault.severity == .error {
            StandardStreams.print(fault.description + "\n", to: .error)
        }
        guard let configuration else { throw CommandFailure.config("\(file.config) does not hold: see postern check.") }
        let claims = try readClaims()
        let explanation: Explanation
        do throws(ExplanationError) {
            explanation = try Explanation(
                url, method: method, claims: claims, in: configuration, now: WallClock.now())
        } catch {
            throw CommandFailure.failed("postern: \(error)")
        }
        StandardStreams.print(format == .json ? explanation.json : explanation.text)
    }

    private func readClaims() throws -> JSONValue? {
        guard let path = claims else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try File.read(path: path, limit: JSONLimits().size) } catch {
            throw CommandFailure.failed("postern: --claims \(path): \(error.reason)")
        }
        guard let value = try? JSONValue.parse(bytes), value.object != nil else {
            throw CommandFailure.failed(
                "postern: --claims \(path): is no JSON object of claims, such as {\"sub\": \"1\"}")
        }
        return value
    }
}
