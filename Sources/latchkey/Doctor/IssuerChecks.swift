import AsyncHTTPClient
import Delegation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OAuth
import Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The issuer as everybody else sees it: its name, its certificate and what answers there.
struct IssuerChecks {
    let issuer: Issuer
    /// Epoch seconds.
    let now: Int64

    private static let patience = TimeAmount.seconds(10)
    /// Seconds that clocks may differ by.
    private static let tolerance: Int64 = 30

    func findings() async -> [Finding] {
        guard let url = URLText(issuer.description) else { return [] }
        let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        let port = Int(url.port ?? (issuer.isSecure ? 443 : 80))
        guard let addresses = await resolve(host) else {
            return [.problem("dns", "\(host) has no address", "Make an A or AAAA record for it; browsers go there.")]
        }
        var findings: [Finding] = [.ok("dns", "\(host): \(addresses.joined(separator: ", "))")]
        if issuer.isSecure, let leaf = await CertificateProbe.leaf(host: host, port: port) {
            findings.append(CertificateAge(expiresAt: Int64(leaf.notValidAfter), now: now).finding)
        }
        return findings + (await metadata())
    }

    private func resolve(_ host: String) async -> [String]? {
        // The system's resolver blocks, and for long where no DNS server answers.
        let found: [SocketAddress]? = await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in
                continuation.resume(returning: Self.addresses(host))
            }
        }
        guard let found, !found.isEmpty else { return nil }
        return Array(Set(found.compactMap(\.ipAddress))).sorted()
    }

    private static func addresses(_ host: String) -> [SocketAddress]? {
        (try? SocketAddress.makeAddressResolvingHost(host, port: 1)).map { [$0] }
    }

    private func metadata() async -> [Finding] {
        let url = issuer.origin + "/.well-known/oauth-authorization-server" + issuer.path
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(5))
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var findings: [Finding]
        do {
            let answer = try await client.execute(HTTPClientRequest(url: url), timeout: Self.patience)
            let body = try await answer.body.collect(upTo: 256 * 1024)
            findings = [read(answer, String(buffer: body), url)] + clock(answer)
        } catch let error as NIOSSLError {
            findings = [untrusted("\(error)")]
        } catch let error as BoringSSLError {
            findings = [untrusted("\(error)")]
        } catch {
            let text = String(describing: error)
            let isTLS = ["SSL", "TLS", "CERTIFICATE", "ertificate"].contains { text.contains($0) }
            findings = [
                isTLS
                    ? untrusted(text)
                    : .warning(
                        "issuer", "nothing answers at \(url): \(text)",
                        "Start the server; then look at the proxy, the firewall and DNS between.")
            ]
        }
        try? await client.shutdown()
        return findings
    }

    private func untrusted(_ reason: String) -> Finding {
        .problem(
            "tls", "the certificate of \(issuer) is not trusted: \(reason)",
            "Serve the whole chain of a certificate for this name, in date, from an authority that clients know.")
    }

    private func read(_ answer: HTTPClientResponse, _ body: String, _ url: String) -> Finding {
        let remedy = "Lead \(issuer) to the public listener, the path unchanged."
        guard answer.status == .ok, let document = try? JSON(parsing: body).objectValue else {
            return .problem("issuer", "\(url) answers \(answer.status.code), and not with this server's metadata", remedy)
        }
        guard case .string(let named)? = document["issuer"], named == issuer.description else {
            return .problem("issuer", "\(url) names another issuer", "Give --issuer as clients know it, or: " + remedy)
        }
        return .ok("issuer", "\(url) names it")
    }

    /// RFC 9110 §6.6.1: the time at which the answer was made.
    private func clock(_ answer: HTTPClientResponse) -> [Finding] {
        guard let text = answer.headers.first(name: "date"), let date = HTTPDate.seconds(text) else { return [] }
        let difference = Deployment.clock() - date
        if abs(difference) <= Self.tolerance { return [] }
        return [
            .problem(
                "clock", "differs from the issuer's by \(difference) seconds", "Set the clocks of this machine and of the proxy; run NTP.")
        ]
    }
}

/// The certificate that a server shows, trusted or not.
enum CertificateProbe {
    /// - Returns: nil where there is no TLS to speak of within five seconds.
    static func leaf(host: String, port: Int) async -> NIOSSLCertificate? {
        let group = MultiThreadedEventLoopGroup.singleton
        let found = group.any().makePromise(of: NIOSSLCertificate.self)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        guard let context = try? NIOSSLContext(configuration: configuration) else {
            found.fail(ChannelError.eof)
            return nil
        }
        found.futureResult.eventLoop.scheduleTask(in: .seconds(5)) { found.fail(ChannelError.connectTimeout(.seconds(5))) }
        let name = (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
        let channel = ClientBootstrap(group: group).connectTimeout(.seconds(5)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verified in
                    if let leaf = chain.first { found.succeed(leaf) }
                    verified.succeed(.certificateVerified)
                }
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }.connect(host: host, port: port)
        channel.whenFailure { found.fail($0) }
        let leaf = try? await found.futureResult.get()
        channel.whenSuccess { $0.close(promise: nil) }
        return leaf
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Epoch seconds; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), let year = Int64(words[3]),
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3 else { return nil }
        // Days since 1970 in the Gregorian calendar, with years that begin in March.
        let (shiftedMonth, shiftedYear) = month >= 2 ? (Int64(month) - 2, year) : (Int64(month) + 10, year - 1)
        let leapDays: Int64 = shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
        let daysBefore: Int64 = (shiftedMonth * 306 + 5) / 10
        let days: Int64 = shiftedYear * 365 + leapDays + daysBefore + day - 719_469
        return days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
    }
}
