import CAres
import Delegation
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the addresses of a host: a closure in a struct, so that tests put their own in its place.
struct AddressResolver: Sendable {
    enum Answer: Sendable, Equatable {
        /// The one to try first comes first (RFC 6724); never empty.
        case addresses([ResolvedAddress])
        case noSuchName
        case timeout
        case failed(String)
    }

    var answer: @Sendable (_ name: String) async -> Answer

    /// Asks the machine's hosts file, then DNS, over IPv4 and IPv6.
    /// - Parameter server: nil: the servers that the system is configured with.
    static func system(server: BindTarget?, timeout: Duration = .seconds(5)) -> AddressResolver {
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        return AddressResolver { name in
            let lookup = AddressLookup(name: name, server: server, timeout: timeout)
            return await withTaskCancellationHandler {
                do {
                    return try await threads.runIfActive { lookup.run() }
                } catch is CancellationError {
                    return .timeout
                } catch {
                    return .failed("the resolver was stopped")
                }
            } onCancel: {
                lookup.query.cancel()
            }
        }
    }
}

/// An address as a socket takes it, and as ranges know it.
struct ResolvedAddress: Sendable, Equatable {
    let text: String
    let address: IPAddress

    init?(_ text: String) {
        guard let address = IPAddress(text) else { return nil }
        self.text = text
        self.address = address
    }
}

/// One question and the answer to it. `run` is called once and keeps the thread until there is an answer.
private final class AddressLookup: Sendable {
    let query: AresQuery
    private let name: String
    private let answer = Mutex<AddressResolver.Answer?>(nil)

    init(name: String, server: BindTarget?, timeout: Duration) {
        self.name = name
        query = AresQuery(server: server, timeout: timeout)
    }

    func run() -> AddressResolver.Answer {
        // The library answers what is still open when its channel goes, so this value has to outlive the query.
        defer { withExtendedLifetime(self) {} }
        let end = query.run { channel in
            var hints = ares_addrinfo_hints()
            hints.ai_family = AF_UNSPEC
            ares_getaddrinfo(
                channel, name, nil, &hints,
                { lookup, status, _, result in
                    defer { if let result { ares_freeaddrinfo(result) } }
                    guard let lookup else { return }
                    Unmanaged<AddressLookup>.fromOpaque(lookup).takeUnretainedValue().finish(status, result)
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        switch end {
        case .failed(let problem): return .failed(problem)
        case .timedOut: return .timeout
        case .answered: return answer.withLock { $0 } ?? .timeout
        }
    }

    private func finish(_ status: Int32, _ result: UnsafeMutablePointer<ares_addrinfo>?) {
        let found: AddressResolver.Answer =
            switch status {
            case LATCHKEY_ARES_SUCCESS: Self.read(result)
            case LATCHKEY_ARES_ENODATA, LATCHKEY_ARES_ENOTFOUND: .noSuchName
            case LATCHKEY_ARES_ETIMEOUT, LATCHKEY_ARES_ECANCELLED, LATCHKEY_ARES_EDESTRUCTION: .timeout
            case LATCHKEY_ARES_ECONNREFUSED: .failed("no DNS server could be reached, or it refused")
            default: .failed(AresQuery.words(status))
            }
        answer.withLock { if $0 == nil { $0 = found } }
        query.finish()
    }

    private static func read(_ result: UnsafeMutablePointer<ares_addrinfo>?) -> AddressResolver.Answer {
        var addresses: [ResolvedAddress] = []
        var next = result?.pointee.nodes
        while let node = next?.pointee {
            // An address that cannot be read might be one that must not be called: nothing is called then.
            guard let address = text(node).flatMap({ ResolvedAddress($0) }) else { return .failed("DNS has an address of an unknown kind") }
            if !addresses.contains(address) { addresses.append(address) }
            next = node.ai_next
        }
        return addresses.isEmpty ? .noSuchName : .addresses(addresses)
    }

    private static func text(_ node: ares_addrinfo_node) -> String? {
        guard let pointer = node.ai_addr else { return nil }
        switch node.ai_family {
        case AF_INET: return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee).ipAddress }
        case AF_INET6: return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee).ipAddress }
        default: return nil
        }
    }
}
