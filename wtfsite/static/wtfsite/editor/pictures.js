// Pictures of texts, drawn by the server with the code of the render. The last one stays until the next is there.

const KEPT = 80;
const ASK_AFTER = 120; // ms
const SHAPES_TEXT = ["width", "text_size"]; // of a place: what changes how a text looks
const SHAPES_CONTENT = ["kind", "text", "font", "text_colour", "box_colour", "box_opacity"];

export class Pictures {
    constructor(server, arrived) {
        this.server = server;
        this.arrived = arrived;
        this.urls = new Map(); // by what shapes the picture
        this.last = new Map(); // by layer
        this.timers = new Map();
    }

    // The address of a text's picture, or of its last one while a new one is being drawn; "" before the first.
    url(layer, row, variant) {
        const key = JSON.stringify([variant, pick(row.content, SHAPES_CONTENT), pick(row.place, SHAPES_TEXT)]);
        if (this.urls.has(key)) {
            this.last.set(layer.id, this.urls.get(key));
            return this.urls.get(key);
        }
        this.order(layer, row, variant, key);
        return this.last.get(layer.id) ?? "";
    }

    order(layer, row, variant, key) {
        const waiting = this.timers.get(layer.id);
        if (waiting?.key === key) return;
        clearTimeout(waiting?.timer);
        const timer = setTimeout(() => this.fetch(layer, row, variant, key), this.last.has(layer.id) ? ASK_AFTER : 0);
        this.timers.set(layer.id, { key, timer });
    }

    async fetch(layer, row, variant, key) {
        const shown = { ...row.place, x: 50, y: 50, rotation: 0, visible: true };
        const layers = [{ name: "text", content: row.content, place: shown, variants: {} }];
        try {
            const blob = await this.server.text({ layers }, variant);
            this.keep(key, URL.createObjectURL(blob));
        } catch {
            return; // what is wrong with the text is among the problems already
        } finally {
            if (this.timers.get(layer.id)?.key === key) this.timers.delete(layer.id);
        }
        this.arrived();
    }

    keep(key, url) {
        this.urls.set(key, url);
        const shown = new Set(this.last.values());
        for (const [old, oldUrl] of this.urls) {
            if (this.urls.size <= KEPT) break;
            if (old === key || shown.has(oldUrl)) continue;
            URL.revokeObjectURL(oldUrl);
            this.urls.delete(old);
        }
    }
}

function pick(values, names) {
    return names.map((name) => values[name]);
}
