// The list of layers, the foremost first. Lines are kept and moved, so that the focus stays on the button pressed.

import * as documents from "./document.js";
import { element, fill, iconButton, symbol } from "./nodes.js";

const ICONS = { image: "image", text: "title", credit: "copyright", clip: "animation" };

export class List {
    constructor(root, studio) {
        this.root = root;
        this.studio = studio;
        this.lines = new Map();
        studio.listen(() => this.refresh());
    }

    get texts() {
        return this.studio.texts;
    }

    refresh() {
        const layers = documents.inOrder(this.studio.layers, this.studio.variant).reverse();
        const ids = new Set(layers.map((layer) => layer.id));
        for (const [id, line] of this.lines) {
            if (ids.has(id)) continue;
            line.node.remove();
            this.lines.delete(id);
        }
        layers.forEach((layer, position) => this.draw(layer, position, layers.length));
        this.root.classList.toggle("ed-list-empty", !layers.length);
    }

    draw(layer, position, count) {
        const line = this.lines.get(layer.id) ?? this.build(layer.id);
        this.arrange(line.node, position);
        const row = this.studio.row(layer);
        const own = documents.hasOwnPlace(layer, this.studio.variant);
        line.node.classList.toggle("ed-is-chosen", layer.id === this.studio.selected);
        line.node.classList.toggle("ed-is-off", !row?.place.visible);
        line.choose.setAttribute("aria-pressed", layer.id === this.studio.selected);
        line.icon.textContent = ICONS[layer.content.kind];
        line.name.textContent = layer.name;
        line.badge.hidden = !own && Boolean(row);
        line.badge.textContent = own ? this.texts.ownPlace : this.texts.elsewhere;
        this.label(line, layer, row);
        line.up.disabled = position === 0 || !this.studio.editable;
        line.down.disabled = position === count - 1 || !this.studio.editable;
        line.eye.disabled = !row || !this.studio.editable;
        line.lock.disabled = !this.studio.editable;
    }

    label(line, layer, row) {
        const name = layer.name;
        set(line.eye, row?.place.visible ? "visibility" : "visibility_off", fill(row?.place.visible ? this.texts.hide : this.texts.unhide, { name }));
        set(line.lock, row?.content.locked ? "lock" : "lock_open", fill(row?.content.locked ? this.texts.unlock : this.texts.lock, { name }));
        set(line.up, "arrow_upward", fill(this.texts.forward, { name }));
        set(line.down, "arrow_downward", fill(this.texts.backward, { name }));
    }

    // Only nodes that are at the wrong place are moved: moving takes the focus away.
    arrange(node, position) {
        const there = this.root.children[position];
        if (there === node) return;
        const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
        this.root.insertBefore(node, there ?? null);
        focused?.focus();
    }

    build(id) {
        const node = element("li", { class: "ed-line", "data-layer": id });
        const choose = element("button", { type: "button", class: "ed-choose" });
        const icon = symbol("image");
        const name = element("span", { class: "ed-name" });
        const badge = element("span", { class: "ws-badge ws-busy" });
        choose.append(icon, name, badge);
        choose.addEventListener("click", () => this.studio.select(id));
        const line = {
            node,
            choose,
            icon,
            name,
            badge,
            eye: iconButton("visibility", "", () => this.toggleVisible(id)),
            lock: iconButton("lock_open", "", () => this.toggleLock(id)),
            up: iconButton("arrow_upward", "", () => this.move(id, 1)),
            down: iconButton("arrow_downward", "", () => this.move(id, -1)),
        };
        node.append(choose, line.up, line.down, line.eye, line.lock);
        this.lines.set(id, line);
        return line;
    }

    toggleVisible(id) {
        const layer = documents.find(this.studio.layers, id);
        const visible = !this.studio.row(layer).place.visible;
        this.studio.setPlace(layer, { visible });
        this.studio.say(fill(visible ? this.texts.nowVisible : this.texts.nowHidden, { name: layer.name }));
    }

    toggleLock(id) {
        const layer = documents.find(this.studio.layers, id);
        const row = this.studio.row(layer) ?? layer;
        const locked = !row.content.locked;
        this.studio.setContent(layer, { locked });
        this.studio.say(fill(locked ? this.texts.nowLocked : this.texts.nowUnlocked, { name: layer.name }));
    }

    move(id, step) {
        const layer = documents.find(this.studio.layers, id);
        this.studio.edit("", (layers) => documents.move(layers, id, this.studio.variant, step));
        this.studio.say(fill(step > 0 ? this.texts.movedForward : this.texts.movedBackward, { name: layer.name }));
    }
}

function set(button, icon, label) {
    button.firstChild.textContent = icon;
    button.setAttribute("aria-label", label);
    button.title = label;
}
