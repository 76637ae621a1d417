import Logging
import Storage
import UnixSignals

/// Takes a new certificate when the files change, or at once when the operator says so (SIGHUP).
struct CertificateWatch: Sendable {
    let certificate: ListenerCertificate
    let metrics: Metrics
    let log: Logger

    private static let interval = Duration.seconds(2)

    /// Watches until it is cancelled.
    func run() async {
        metrics.certificateExpiresAt.set(Int(certificate.expiresAt))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    look(isAsked: false)
                }
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup) { look(isAsked: true) }
            }
            await group.waitForAll()
        }
    }

    private func look(isAsked: Bool) {
        do throws(ListenerCertificate.Problem) {
            if try certificate.reload(repeating: isAsked) {
                metrics.certificateExpiresAt.set(Int(certificate.expiresAt))
                log.notice("the certificate was replaced", metadata: ["expires": "\(certificate.expiresAt)"])
            } else if isAsked {
                log.info("the certificate is the one that was there before")
            }
        } catch {
            log.error("the new certificate cannot be used; the one before stays", metadata: ["problem": "\(error)"])
        }
    }
}
