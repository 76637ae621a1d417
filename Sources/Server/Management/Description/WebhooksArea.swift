import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts/{account_id}/oauth_clients/{client_id}/webhooks`.
    static let webhooks = APIArea(
        name: "Webhooks", description: "Where a client's owner is told what happens to it.",
        schemas: ["Webhook": .object(webhook), "Delivery": delivery],
        operations: [
            APIOperation(
                method: .get, path: all, id: "listWebhooks", summary: "List webhooks", access: .account(.viewClients),
                query: [.page, .perPage()], result: .page(of: .named("Webhook"))),
            APIOperation(
                method: .post, path: all, id: "createWebhook", summary: "Create a webhook",
                details: "The secret that signs its messages is shown in this answer and never again.", access: .account(.manageClients),
                body: .object(["url": url, "events": events], optional: ["enabled": Schema.boolean.orNull]),
                result: .one(.named("Webhook").and(.object(["secret": secret]))), errors: [409]),
            APIOperation(
                method: .get, path: one, id: "getWebhook", summary: "Read a webhook", access: .account(.viewClients),
                result: .one(.named("Webhook"))),
            APIOperation(
                method: .patch, path: one, id: "updateWebhook", summary: "Change a webhook", details: "What is not sent stays as it is.",
                access: .account(.manageClients),
                body: .object([:], optional: ["url": url.orNull, "events": events.orNull, "enabled": Schema.boolean.orNull]),
                result: .one(.named("Webhook"))),
            APIOperation(
                method: .delete, path: one, id: "deleteWebhook", summary: "Delete a webhook", access: .account(.manageClients),
                result: .one(named)),
            APIOperation(
                method: .post, path: one + "/rotate_secret", id: "rotateWebhookSecret", summary: "Give a webhook another secret",
                details: "Both sign for a day.", access: .account(.manageClients),
                result: .one(.object(["secret": secret, "previous_secret_expires_at": .time.orNull])), errors: [409]),
            APIOperation(
                method: .post, path: one + "/test", id: "testWebhook", summary: "Send a message that says nothing",
                access: .account(.manageClients), result: .one(.named("Delivery")), errors: [409, 429]),
            APIOperation(
                method: .get, path: one + "/deliveries", id: "listDeliveries", summary: "List what was sent, the newest first",
                access: .account(.viewClients), query: [.page, .perPage()], result: .page(of: .named("Delivery"))),
            APIOperation(
                method: .post, path: one + "/deliveries/{delivery_id}/redeliver", id: "redeliver", summary: "Send a message again",
                access: .account(.manageClients), result: .one(.named("Delivery")), errors: [409, 429]),
        ])

    private static let all = "/accounts/{account_id}/oauth_clients/{client_id}/webhooks"
    private static let one = all + "/{webhook_id}"

    private static let url = Schema.string(1...PublicURL.maximumLength).example("https://app.example.com/latchkey")
    private static let events = Schema.list(of: .one(of: WebhookKind.self), 1...100)
    private static let secret = Schema.string.described("`whsec_` and base64, as Standard Webhooks has it.")

    private static let webhook: KeyValuePairs<String, Schema> = [
        "id": .identifier, "client_id": .identifier, "url": .string, "events": .list(of: .one(of: WebhookKind.self)),
        "enabled": .boolean,
        "disabled_reason": Schema.string.orNull.described(
            "`owner`, `gone` or `failing` (nothing was taken for five days, or too many messages wait)."),
        "disabled_at": .time.orNull, "failing_since": .time.orNull, "previous_secret_expires_at": .time.orNull, "created_at": .time,
        "updated_at": .time,
    ]

    private static let delivery = Schema.object([
        "id": .identifier, "webhook_id": .identifier, "type": .string, "status": .one(of: WebhookDelivery.Status.self),
        "attempts": .count, "created_at": .time, "last_attempt_at": .time.orNull, "next_attempt_at": .time.orNull,
        "response_status": Schema.count.orNull, "response_body": .string.orNull, "problem": .string.orNull,
        "payload": Schema.string.described("The bytes that are signed and sent."),
    ])
}
