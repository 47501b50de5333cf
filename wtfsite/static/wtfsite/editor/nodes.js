// Small helpers to make nodes. Texts are set as text, never as markup.

export function element(name, attributes = {}, text = "") {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
}

export function symbol(name) {
    return element("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);
}

export function iconButton(name, label, pressed) {
    const button = element("button", { type: "button", class: "ed-icon", "aria-label": label, title: label });
    button.append(symbol(name));
    button.addEventListener("click", pressed);
    return button;
}

// "{name} is moved" with values in the place of names.
export function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
