// What is to be said of places: what a platform covers, what the render does otherwise, what is wrong. Offers, no more.

import { element, symbol } from "./nodes.js";

const ICONS = { warn: "warning", info: "info", bad: "error" };

export class Notes {
    constructor(root, studio, canvas) {
        this.root = root;
        this.studio = studio;
        this.canvas = canvas;
        studio.listen(() => this.refresh());
    }

    refresh() {
        if (this.studio.busy) return;
        const found = [...this.studio.problems.map((problem) => this.asNote(problem)), ...this.studio.notes];
        const key = JSON.stringify([found, this.studio.editable]);
        if (key === this.shown) return;
        const focused = this.root.contains(document.activeElement);
        this.shown = key;
        this.root.replaceChildren(...found.map((note) => this.draw(note)));
        this.root.hidden = !found.length;
        if (focused) this.next();
    }

    // The button that had the focus is gone with what it put right: on to the next one, or to the layer.
    next() {
        const button = this.root.querySelector("button");
        if (button) button.focus();
        else this.canvas.focus(this.studio.selected);
    }

    asNote({ path, sentence }) {
        const index = /^layers\[(\d+)\]/.exec(path)?.[1];
        const layer = this.studio.layers[index];
        return { layer: layer?.name ?? "", tone: "bad", sentence: layer ? `${layer.name}: ${sentence}` : sentence, fix: {} };
    }

    draw(note) {
        const node = element("li", { class: `ed-note ed-note-${note.tone}` });
        node.append(symbol(ICONS[note.tone]), element("span", {}, note.sentence));
        if (Object.keys(note.fix).length && this.studio.editable) node.append(this.drawFix(note));
        return node;
    }

    drawFix(note) {
        const warn = note.tone === "warn";
        const label = warn ? this.studio.texts.moveInside : this.studio.texts.writeDown;
        const button = element("button", { type: "button", class: "ws-button ed-small", "data-fix": note.layer }, label);
        button.addEventListener("click", () => {
            const layer = this.studio.layers.find(({ name }) => name === note.layer);
            if (!layer) return;
            this.studio.select(layer.id);
            this.studio.edit("", () => Object.assign(layer.variants[this.studio.variant]?.place ?? layer.place, note.fix));
            this.studio.say(this.studio.data.describe(layer));
        });
        return button;
    }
}
