// The fields of the chosen layer. They are built once from the schema; afterwards only their values change.

import * as documents from "./document.js";
import { round } from "./geometry.js";
import { element, fill, symbol } from "./nodes.js";

const GROUPS = [
    ["groupPlace", "place", ["x", "y", "width", "rotation", "text_size", "full_frame"]],
    ["groupWhat", "content", ["kind", "artwork_kind", "shape", "text", "font", "text_colour", "box_colour", "box_opacity"]],
    ["groupLook", "place", ["opacity", "adaptive", "opacity_high", "opacity_low"]],
    ["groupTime", "content", ["timing", "start_ms", "length_ms", "fade_ms"]],
];
const WIDE = new Set(["text", "kind", "artwork_kind", "font", "timing", "full_frame", "adaptive", "shape"]);
const PINS = [0, 50, 100];

export class Panel {
    constructor(root, studio, canvas) {
        this.root = root;
        this.studio = studio;
        this.canvas = canvas;
        this.controls = new Map(); // "place x" -> {row, input, field, ...}
        this.build();
        studio.listen(() => this.refresh());
    }

    get texts() {
        return this.studio.texts;
    }

    // --- building ---

    build() {
        this.empty = element("p", { class: "ed-empty" }, this.texts.nothingChosen);
        this.form = element("form", { class: "ed-fields", novalidate: "", "aria-label": this.texts.fields });
        this.form.addEventListener("submit", (event) => event.preventDefault());
        this.form.append(this.buildHead(), this.buildScope());
        for (const [title, part, names] of GROUPS) this.form.append(this.buildGroup(title, part, names));
        this.form.append(this.buildFoot());
        this.root.replaceChildren(this.empty, this.form);
    }

    buildHead() {
        const head = element("div", { class: "ed-head" });
        this.name = element("input", { id: "ed-name", type: "text", maxlength: "40", autocomplete: "off", spellcheck: "false" });
        this.name.addEventListener("change", () => this.rename());
        head.append(labelled(this.texts.name, this.name));
        return head;
    }

    buildScope() {
        this.scope = element("div", { class: "ed-scope" });
        this.own = element("input", { type: "checkbox", id: "ed-own", role: "switch" });
        this.own.addEventListener("change", () => this.changeScope());
        this.ownLabel = element("label", { for: "ed-own" });
        this.reset = element("button", { type: "button", class: "ws-button ed-small", "data-reset": "" }, this.texts.reset);
        this.reset.addEventListener("click", () => this.resetPlace());
        this.badge = element("span", { class: "ws-badge ws-busy", "data-own-badge": "" }, this.texts.ownPlace);
        this.scopeNote = element("p", { class: "ed-hint" });
        const line = element("div", { class: "ed-switch" });
        line.append(this.own, this.ownLabel, this.badge, this.reset);
        this.scope.append(line, this.scopeNote);
        return this.scope;
    }

    buildGroup(title, part, names) {
        const group = element("fieldset", { class: "ed-group", "data-group": title });
        group.append(element("legend", {}, this.texts[title]));
        const grid = element("div", { class: "ed-grid" });
        for (const name of names) grid.append(this.buildField(part, this.studio.data.schema[part][name]));
        group.append(grid);
        if (title === "groupPlace") group.append(this.buildPins());
        return group;
    }

    buildField(part, field) {
        const id = `ed-${field.name}`;
        const row = element("div", { class: `ed-field ed-field-${field.kind}` });
        if (WIDE.has(field.name)) row.classList.add("ed-wide");
        const input = this.buildInput(part, field, id);
        const error = element("p", { class: "ed-error", id: `${id}-error`, hidden: "" });
        input.setAttribute("aria-describedby", `${id}-error`);
        const label = element("label", { for: id }, field.label);
        if (field.kind === "switch") row.append(input, label);
        else row.append(label, input);
        if (field.kind === "colour") row.append(this.buildSwatch(part, field, input));
        row.append(error);
        if (field.help) label.title = field.help;
        this.controls.set(`${part} ${field.name}`, { part, field, row, input, error });
        return row;
    }

    buildInput(part, field, id) {
        const input = {
            switch: () => element("input", { type: "checkbox", role: "switch" }),
            choice: () => choices(field.choices),
            font: () => choices([["", this.texts.studioFont], ...this.studio.data.fonts]),
            text: () => element("textarea", { rows: "3", maxlength: field.longest ?? 2000, dir: "auto" }),
            colour: () => element("input", { type: "text", maxlength: "7", spellcheck: "false", autocomplete: "off" }),
            number: () => element("input", { type: "number", min: field.low, max: field.high, step: stepOf(field), inputmode: "decimal" }),
            whole: () => element("input", { type: "number", min: field.low, max: field.high, step: "100", inputmode: "numeric" }),
        }[field.kind]();
        input.id = id;
        input.name = field.name;
        input.addEventListener("input", () => this.changed(part, field));
        return input;
    }

    buildSwatch(part, field, input) {
        const swatch = element("input", { type: "color", "aria-label": fill(this.texts.picker, { field: field.label }) });
        swatch.addEventListener("input", () => {
            input.value = swatch.value;
            this.changed(part, field);
        });
        input.swatch = swatch;
        return swatch;
    }

    buildPins() {
        this.pins = element("div", { class: "ed-pins", role: "group", "aria-label": this.texts.pins });
        PINS.forEach((y, line) => {
            PINS.forEach((x, column) => {
                const label = this.texts.pinNames[3 * line + column];
                const button = element("button", { type: "button", class: "ed-pin", "aria-label": label, title: label });
                button.addEventListener("click", () => this.set("place", { x, y }));
                this.pins.append(button);
            });
        });
        const row = element("div", { class: "ed-pinning" });
        row.append(element("span", { "aria-hidden": "true" }, this.texts.pins), this.pins);
        this.pinning = row;
        return row;
    }

    buildFoot() {
        const foot = element("div", { class: "ed-foot" });
        const act = (icon, label, pressed, extra = "") => {
            const button = element("button", { type: "button", class: `ws-button ed-small ${extra}` });
            button.append(symbol(icon), element("span", {}, label));
            button.addEventListener("click", pressed);
            return button;
        };
        foot.append(
            act("content_copy", this.texts.duplicate, () => this.studio.data.duplicate(this.studio.layer)),
            act("delete", this.texts.remove, () => this.studio.data.remove(this.studio.layer), "ws-danger"),
        );
        this.foot = foot;
        return foot;
    }

    // --- changing ---

    set(part, values) {
        const layer = this.studio.layer;
        if (!layer) return;
        if (part === "place") this.studio.setPlace(layer, values);
        else this.studio.setContent(layer, values);
    }

    changed(part, field) {
        const { input } = this.controls.get(`${part} ${field.name}`);
        const value = read(input, field);
        const wrong = this.wrong(field, value);
        this.complain(part, field.name, wrong);
        if (!wrong) this.set(part, this.withNeeded(field, value));
    }

    // A kind of layer needs something to show.
    withNeeded(field, value) {
        const row = this.studio.row(this.studio.layer);
        if (field.name !== "kind") return { [field.name]: value };
        const needed = { kind: value };
        if (value === "image" && !row.content.artwork_kind) needed.artwork_kind = "logo";
        if (value === "text" && !row.content.text) needed.text = this.texts.newText;
        if (value === "credit" && !row.content.text.includes("{")) needed.text = this.texts.newCredit;
        return needed;
    }

    wrong(field, value) {
        if (field.kind === "colour" && !/^#[0-9a-f]{6}$/i.test(value)) return this.texts.wrongColour;
        if (field.kind !== "number" && field.kind !== "whole") return "";
        const fits = Number.isFinite(value) && value >= field.low && value <= field.high;
        const whole = field.kind === "number" || Number.isInteger(value);
        return fits && whole ? "" : fill(this.texts.wrongNumber, { low: field.low, high: field.high });
    }

    complain(part, name, sentence) {
        const { input, error } = this.controls.get(`${part} ${name}`);
        input.setAttribute("aria-invalid", String(Boolean(sentence)));
        error.textContent = sentence;
        error.hidden = !sentence;
    }

    rename() {
        const layer = this.studio.layer;
        const name = documents.slug(this.name.value);
        const others = this.studio.layers.filter((other) => other !== layer);
        if (!layer || !name || name === layer.name) {
            this.name.value = layer?.name ?? "";
            return;
        }
        this.studio.edit(`${layer.id} name`, () => (layer.name = documents.freeName(others, name)));
    }

    changeScope() {
        const { layer, variant, texts, variantLabel } = this.studio;
        if (!layer.place) return this.studio.edit("", () => documents.share(layer, variant));
        if (!this.own.checked) return this.resetPlace();
        this.studio.edit("", () => documents.makeOwn(layer, variant));
        return this.studio.say(fill(texts.nowOwn, { layer: layer.name, variant: variantLabel }));
    }

    resetPlace() {
        const { layer, variant, texts, variantLabel } = this.studio;
        this.studio.edit("", () => documents.reset(layer, variant));
        this.studio.say(fill(texts.nowShared, { layer: layer.name, variant: variantLabel }));
        this.own.focus();
    }

    // --- showing ---

    refresh() {
        const layer = this.studio.layer;
        const row = layer && this.studio.row(layer);
        this.form.hidden = !layer;
        this.empty.hidden = Boolean(layer);
        if (!layer) return;
        if (this.shown !== layer.id) this.forget();
        this.shown = layer.id;
        write(this.name, layer.name);
        this.refreshScope(layer, row);
        for (const control of this.controls.values()) this.refreshControl(control, layer, row);
        for (const group of this.form.querySelectorAll(".ed-group")) {
            group.hidden = !row || ![...group.querySelectorAll(".ed-field")].some((field) => !field.hidden);
            group.disabled = !this.studio.editable;
        }
        this.pinning.hidden = !row || documents.isFull(row);
        this.foot.hidden = !this.studio.editable;
        this.name.disabled = this.own.disabled = !this.studio.editable;
    }

    // Another layer: what was half written for the one before is no error of this one.
    forget() {
        for (const { part, field } of this.controls.values()) this.complain(part, field.name, "");
        if (this.form.contains(document.activeElement)) document.activeElement.blur();
    }

    refreshScope(layer, row) {
        const { variant, variantLabel, texts } = this.studio;
        const own = documents.hasOwnPlace(layer, variant);
        this.own.checked = own;
        this.badge.hidden = !own;
        this.reset.hidden = !own || !layer.place || !this.studio.editable;
        this.ownLabel.textContent = fill(layer.place ? texts.ownSwitch : texts.onlyThere, { variant: variantLabel });
        this.own.hidden = !layer.place;
        const others = Object.keys(layer.variants[variant]?.own ?? {}).filter((name) => name !== "order");
        const labels = others.map((name) => this.studio.data.schema.content[name].label).join(", ");
        this.scopeNote.textContent = !row
            ? fill(texts.notHere, { variant: variantLabel })
            : labels
              ? fill(texts.ownContent, { variant: variantLabel, fields: labels })
              : own
                ? fill(texts.editsHere, { variant: variantLabel })
                : texts.editsAll;
    }

    refreshControl({ part, field, row: node, input }, layer, row) {
        node.hidden = !row || !this.applies(field.name, row);
        if (!row) return;
        const value = row[part][field.name];
        const half = input === document.activeElement && input.getAttribute("aria-invalid") === "true";
        if (field.kind === "switch") input.checked = value;
        else if (!half && !says(input, field, value)) write(input, shown(field, value));
        if (!half) this.complain(part, field.name, this.told(layer, part, field.name));
        if (input.swatch) write(input.swatch, value.toLowerCase());
    }

    // What the server says is wrong with a field of this layer.
    told(layer, part, name) {
        const index = this.studio.layers.indexOf(layer);
        const found = this.studio.problems.find(({ path }) => path.startsWith(`layers[${index}]`) && path.endsWith(`.${name}`));
        return found?.sentence ?? "";
    }

    applies(name, row) {
        const { kind, timing } = row.content;
        const text = documents.isText(row.content);
        const full = documents.isFull(row);
        const needs = {
            artwork_kind: kind === "image",
            shape: kind === "image" && !full,
            text,
            font: text,
            text_colour: text,
            box_colour: text,
            box_opacity: text,
            text_size: text,
            full_frame: !text,
            x: !full,
            y: !full,
            rotation: !full && kind !== "clip",
            opacity: !row.place.adaptive,
            opacity_high: row.place.adaptive,
            opacity_low: row.place.adaptive,
            start_ms: timing === "between",
            length_ms: timing !== "always",
            fade_ms: timing !== "always",
        };
        return needs[name] ?? true;
    }

    focus(name) {
        [...this.controls.values()].find(({ field }) => field.name === name)?.input.focus();
    }
}

function labelled(text, input) {
    const row = element("div", { class: "ed-field ed-wide" });
    row.append(element("label", { for: input.id }, text), input);
    return row;
}

function choices(pairs) {
    const select = element("select");
    for (const [value, label] of pairs) select.append(element("option", { value }, label));
    return select;
}

function stepOf(field) {
    return field.high <= 1 ? "0.01" : field.name === "rotation" ? "1" : "0.5";
}

function read(input, field) {
    if (field.kind === "switch") return input.checked;
    if (field.kind === "number" || field.kind === "whole") return input.value.trim() === "" ? NaN : Number(input.value);
    return input.value;
}

function shown(field, value) {
    return field.kind === "number" ? String(round(value, 3)) : String(value);
}

// Whether a field says this already, perhaps in other words ("5." or "05"): then it is left alone.
function says(input, field, value) {
    if (field.kind !== "number" && field.kind !== "whole") return input.value === value;
    return input.value !== "" && Number(input.value) === Number(shown(field, value));
}

function write(input, value) {
    if (input.value !== value) input.value = value;
}

