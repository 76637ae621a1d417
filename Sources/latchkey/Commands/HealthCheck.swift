import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OAuth
import Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `latchkey health`: for supervisors that can run a command and nothing else.
struct HealthCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask the server on this machine whether it is ready.",
        discussion: "Asks /health/ready of the internal listener. Exit code 0 where it is ready, 1 where it is not or does not answer.")

    @Option(help: "The internal listener; or LATCHKEY_INTERNAL_LISTEN. (default: 127.0.0.1:8401)") var internalListen: String?
    @Option(help: "The YAML file with settings that `latchkey serve` is given. (default: the environment's LATCHKEY_CONFIG)")
    var config: String?
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let text = try listener() ?? "127.0.0.1:8401"
        guard let target = BindTarget(text) else {
            throw CommandFailure.usage("\"\(text)\" should be an address and a port, such as 127.0.0.1:8401.")
        }
        let url = "http://\(target.reachable)/health/ready"
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let answer = try? await client.execute(HTTPClientRequest(url: url), timeout: .seconds(4))
        let body = (try? await answer?.body.collect(upTo: 4096)).map { String(buffer: $0) }
        try? await client.shutdown()
        guard let answer, let body else { throw CommandFailure.failed("Nothing answers at \(url).") }
        Output.line(json ? body : answer.status == .ok ? "ready" : "not ready: \(body)")
        if answer.status != .ok { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    /// A file that is being edited says nothing about the server that runs: it is read where nothing else names the listener, and what is
    /// wrong elsewhere in it does not matter here.
    private func listener() throws -> String? {
        if let named = internalListen ?? ProcessInfo.processInfo.environment[Setting.internalListen.environmentName] { return named }
        let settings = Configuration(flags: [:], file: config)
        if let named = settings[.internalListen] { return named }
        if let problem = settings.problems.first { throw CommandFailure.usage(problem) }
        return nil
    }
}

extension BindTarget {
    /// Where a program on this machine finds what listens here: what listens everywhere listens on loopback, too.
    var reachable: BindTarget {
        switch host {
        case "0.0.0.0": BindTarget(host: "127.0.0.1", port: port)
        case "::": BindTarget(host: "::1", port: port)
        default: self
        }
    }
}
