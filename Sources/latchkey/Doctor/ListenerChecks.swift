import AsyncHTTPClient
import Delegation
import NIOCore
import NIOHTTP1
import NIOSSL
import OAuth
import Server

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whether the ports are free or ours, and the certificate that stands in the settings.
struct ListenerChecks {
    let plan: ServePlan
    /// Epoch seconds.
    let now: Int64

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        if let certificate = plan.certificate { findings.append(CertificateAge(expiresAt: certificate.expiresAt, now: now).finding) }
        findings.append(await port(plan.listen, name: "listen", isSecure: plan.certificate != nil))
        findings.append(await port(plan.internalListen, name: "internal-listen", isSecure: false))
        return findings
    }

    private func port(_ target: BindTarget, name: String, isSecure: Bool) async -> Finding {
        switch Self.bind(target) {
        case 0: return .ok(name, "\(target) is free")
        case EADDRINUSE:
            let url = (isSecure ? "https://" : "http://") + target.reachable.description + "/health/alive"
            if await answersAlive(url) { return .ok(name, "\(target): Latchkey is running there") }
            return .problem(name, "\(target) is taken by another program", "End it (ss -ltnp shows it), or choose another port.")
        case EACCES:
            return .problem(
                name, "\(target): this user may not listen there", "Take a port above 1023, or grant CAP_NET_BIND_SERVICE.")
        case let problem:
            return .problem(name, "\(target) cannot be listened on: \(String(cString: strerror(problem)))", "Choose another address.")
        }
    }

    /// - Returns: the error number; 0 where it would do.
    private static func bind(_ target: BindTarget) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(target.host, String(target.port), &hints, &found) == 0, let first = found else { return EADDRNOTAVAIL }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, first.pointee.ai_protocol)
        if descriptor < 0 { return errno }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Glibc)
            return Glibc.bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 ? 0 : errno
        #else
            return Darwin.bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 ? 0 : errno
        #endif
    }

    private func answersAlive(_ url: String) async -> Bool {
        var tls = TLSConfiguration.makeClientConfiguration()
        // Who it is does not matter here, and the certificate is not for this address.
        tls.certificateVerification = .none
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(tlsConfiguration: tls))
        let answer = try? await client.execute(HTTPClientRequest(url: url), timeout: .seconds(5))
        let body = try? await answer?.body.collect(upTo: 1024)
        try? await client.shutdown()
        return body.map { String(buffer: $0).contains("\"alive\"") } ?? false
    }
}

/// How long a certificate is still good for.
struct CertificateAge {
    /// Epoch seconds, here and below.
    let expiresAt: Int64
    let now: Int64

    var finding: Finding {
        let days = (expiresAt - now) / 86_400
        if expiresAt <= now {
            return .problem("certificate", "expired on \(Timestamp.text(expiresAt))", "Renew it; the server takes the new file by itself.")
        }
        let text = "good for \(days) more days"
        return days < 14 ? .warning("certificate", text, "Renew it; look why that did not happen by itself.") : .ok("certificate", text)
    }
}
