extension Assets {
    /// What the pages of OAuth clients do where scripts run: copying, counting, and asking the server about what is typed.
    static let clientScript = #"""
        for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
            const element = document.getElementById(button.dataset.copy);
            try {
                await navigator.clipboard.writeText(element.textContent);
                button.textContent = "Copied";
            } catch {
                getSelection().selectAllChildren(element);
                button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
            }
            setTimeout(() => { button.textContent = "Copy"; }, 2000);
        });
        document.addEventListener("change", event => {
            const group = event.target.closest("details.category");
            if (!group || !group.querySelector(".pick")) return;
            const choices = [...group.querySelectorAll(".pick select")];
            group.querySelector("summary small").textContent = choices.filter(choice => choice.value).length + " of " + choices.length + " used";
        });
        async function judge(form, field) {
            const body = new URLSearchParams(new FormData(form));
            body.append("check", "1");
            const asked = field.value;
            const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
            if (!answer.ok || field.value !== asked) return;
            const wrongs = (await answer.json())[field.name] || [];
            field.setAttribute("aria-invalid", wrongs.length ? "true" : "false");
            document.getElementById(field.name + "-problem").replaceChildren(...wrongs.map(text => {
                const line = document.createElement("li");
                line.textContent = text;
                return line;
            }));
        }
        for (const form of document.querySelectorAll("form[data-check]")) {
            for (const field of form.querySelectorAll("[data-checked]")) {
                let timer;
                field.addEventListener("input", () => {
                    clearTimeout(timer);
                    timer = setTimeout(() => judge(form, field).catch(() => {}), 400);
                });
            }
        }
        """#
}
