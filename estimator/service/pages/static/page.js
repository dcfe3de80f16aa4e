// All of the script there is: the command preview, live progress, and the copy button.
"use strict";

const quoted = (word) => (/^[\w.,:=/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const form = document.querySelector("form[data-preview]");
if (form) {
  const shown = document.getElementById("preview");
  const show = () => {
    const file = form.elements.entry?.value.trim() || form.elements.file?.files[0]?.name;
    const name = file || (form.elements.source.value.trim() ? "model.py" : `${form.elements.model.value || "MODEL"}.py`);
    const rest = form.elements.arguments?.value.trim() ?? "";
    const isScript = rest !== "" || form.elements.script?.checked;
    const words = isScript ? ["paddle-estimate", "run"] : ["paddle-estimate", name];
    for (const field of form.querySelectorAll("[data-flag]")) {
      if (field.type === "checkbox") {
        if (field.checked) words.push(field.dataset.flag);
      } else if (field.multiple) {
        for (const one of field.selectedOptions) words.push(field.dataset.flag, one.value);
      } else {
        const values = field.tagName === "TEXTAREA" ? field.value.split("\n") : [field.value];
        for (const one of values) {
          if (one.trim() && one.trim() !== field.dataset.default) words.push(field.dataset.flag, one.trim());
        }
      }
    }
    if (isScript) words.push("--", "python", name);
    shown.textContent = `${words.map(quoted).join(" ")} ${isScript ? rest : ""}`.trim();
  };
  form.addEventListener("input", show);
  show();
}

const live = document.querySelector("[data-events]");
if (live) {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("estimate", (event) => {
    const estimate = JSON.parse(event.data);
    if (["done", "failed", "cancelled"].includes(estimate.state)) {
      source.close();
      location.reload();
      return;
    }
    const list = live.querySelector("ul");
    const items = estimate.progress.said.map((said, at) => {
      const item = document.createElement("li");
      const last = at === estimate.progress.said.length - 1;
      item.textContent = last && estimate.progress.detail ? `${said}: ${estimate.progress.detail}` : said;
      if (last) item.className = "now";
      return item;
    });
    list.replaceChildren(...items);
    live.querySelector("[data-ahead]").hidden = !estimate.ahead;
    live.querySelector("[data-ahead] b").textContent = estimate.ahead ?? 0;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.querySelector("[role=status]").textContent = button.dataset.done;
  });
}
