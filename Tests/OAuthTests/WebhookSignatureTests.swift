import Testing

@testable import OAuth

@Suite("Signatures of webhooks (Standard Webhooks)")
struct WebhookSignatureTests {
    @Test("the published example is signed as published")
    func publishedExample() throws {
        let secret = try #require(WebhookSecret("whsec_plJ3nmyCDGBKInavdOK15jsl"))
        let signature = secret.signature(
            id: "msg_loFOjxBNrRLzqYUf", timestamp: 1_731_705_121, body: Array(#"{"event_type":"ping","data":{"success":true}}"#.utf8))
        #expect(signature == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=")
    }

    @Test("id, time, body and secret each change the signature")
    func everythingIsSigned() throws {
        let secret = WebhookSecret(bytes: Array(0..<32))
        let signatures = [
            secret.signature(id: "a", timestamp: 1, body: [1]), secret.signature(id: "b", timestamp: 1, body: [1]),
            secret.signature(id: "a", timestamp: 2, body: [1]), secret.signature(id: "a", timestamp: 1, body: [2]),
            WebhookSecret(bytes: Array(1..<33)).signature(id: "a", timestamp: 1, body: [1]),
        ]
        #expect(Set(signatures).count == 5)
    }

    @Test("a secret is read as it was shown, and prints as nothing")
    func text() throws {
        let secret = WebhookSecret(bytes: Array(0..<32))
        let text = secret.text.reveal()
        #expect(text == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
        #expect(try #require(WebhookSecret(text)).bytes.reveal() == Array(0..<32))
        #expect(!"\(secret)".contains("AAECAw") && !"\(secret)".contains("30, 31"))
    }

    @Test("what is no secret", arguments: ["", "whsec_", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_AAAA", "whsec_!!"])
    func unreadable(text: String) {
        #expect(WebhookSecret(text) == nil)
    }
}
