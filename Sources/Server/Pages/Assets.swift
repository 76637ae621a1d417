import Crypto
import HTTPTypes
import Hummingbird
import OAuth

/// The one style sheet and the one script. Their paths bear a hash of their content, so browsers may keep them for ever.
enum Assets {
    static let cssPath = "/assets/latchkey-\(hash(css)).css"
    static let jsPath = "/assets/latchkey-\(hash(js)).js"

    static func answer(_ text: String, type: String) -> Response {
        .bytes(.ok, Array(text.utf8), type: type, headers: [.cacheControl: "public, max-age=31536000, immutable"])
    }

    private static func hash(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static let css = [
        baseStyles, consentStyles, resourceStyles, accountStyles, peopleStyles, clientStyles, usageStyles, webhookStyles, mediaStyles,
    ].joined(separator: "\n")

    static let js = [baseScript, clientScript].joined(separator: "\n")

    private static let baseScript = #"""
        "use strict";
        for (const element of document.querySelectorAll("[data-scripted]")) element.hidden = false;
        function filter(field) {
            const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
            const area = document.getElementById(field.dataset.filter);
            for (const entry of area.querySelectorAll("[data-search]")) {
                if (entry.closest(".reach") !== area.closest(".reach")) continue;
                const text = entry.dataset.search.toLowerCase();
                entry.hidden = !words.every(word => text.includes(word));
            }
            for (const group of area.querySelectorAll(".category")) {
                const found = group.querySelector("[data-search]:not([hidden])");
                group.hidden = !found;
                if (words.length && found && "open" in group) group.open = true;
            }
        }
        for (const field of document.querySelectorAll("[data-filter]")) {
            field.addEventListener("input", () => filter(field));
            field.addEventListener("keydown", event => { if (event.key === "Enter") event.preventDefault(); });
        }
        function mark(id, checked) {
            for (const box of document.querySelectorAll("#" + id + " li:not([hidden]) input[type=checkbox]:not(:disabled)")) if (!box.closest(".reach")) box.checked = checked;
        }
        for (const button of document.querySelectorAll("[data-check]")) button.addEventListener("click", () => mark(button.dataset.check, true));
        for (const button of document.querySelectorAll("[data-uncheck]")) button.addEventListener("click", () => mark(button.dataset.uncheck, false));
        for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
            const field = document.getElementById(button.dataset.copy);
            field.select();
            try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
            button.textContent = "Copied";
        });
        document.addEventListener("change", event => {
            const reach = event.target.closest(".reach");
            if (!reach) return;
            if (event.target.type === "checkbox") reach.querySelector("[value=some]").checked = true;
            const some = reach.querySelector("[value=some]").checked;
            const chosen = reach.querySelectorAll("[name=resource]:checked, [name=resource][type=hidden]").length;
            reach.querySelector("summary small").textContent = some ? chosen + " chosen" : "All";
        });
        document.addEventListener("change", event => {
            const group = event.target.closest("details.category");
            if (!group || !group.querySelector(".scope")) return;
            const boxes = group.querySelectorAll(".scope > label > input[type=checkbox]");
            const fixed = group.querySelectorAll(".scope > input[type=hidden]").length;
            const count = [...boxes].filter(box => box.checked).length + fixed;
            const all = group.querySelectorAll(".scope").length;
            group.querySelector("summary small").textContent = count + " of " + all + " chosen";
        });
        """#
}
