// The layers as values: what a layer is on a variant, and every change of it. No page, no server.
//
// A layer: {id, name, content, place | null, variants: {square: {place, own}}}. `id` is only known to this page.

let lastId = 0;

export function withIds(layers) {
    return layers.map((layer) => ({ ...structuredClone(layer), id: `layer-${++lastId}` }));
}

// Keeps the ids of layers that have the same name, so that what is selected stays so.
export function withKnownIds(layers, known) {
    const ids = new Map(known.map((layer) => [layer.name, layer.id]));
    return withIds(layers).map((layer) => ({ ...layer, id: ids.get(layer.name) ?? layer.id }));
}

export function withoutIds(layers) {
    return layers.map(({ id: _id, ...layer }) => layer);
}

export function same(one, other) {
    return JSON.stringify(withoutIds(one)) === JSON.stringify(withoutIds(other));
}

// --- reading ---

export function find(layers, id) {
    return layers.find((layer) => layer.id === id) ?? null;
}

export function hasOwnPlace(layer, variant) {
    return variant in layer.variants;
}

// What a layer is on a variant: {content, place}; null where it does not exist.
export function on(layer, variant) {
    const override = layer.variants[variant];
    if (!override && !layer.place) return null;
    return { content: { ...layer.content, ...override?.own }, place: override?.place ?? layer.place };
}

// From back to front, as the render draws them.
export function inOrder(layers, variant) {
    const order = (layer) => on(layer, variant)?.content.order ?? layer.content.order;
    return [...layers].sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
}

export function isText(content) {
    return content.kind === "text" || content.kind === "credit";
}

export function isFull(row) {
    return row.place.full_frame && !isText(row.content);
}

// --- changing: each changes the layer it is given ---

export function setPlace(layer, variant, values) {
    const place = layer.variants[variant]?.place ?? layer.place;
    if (place) Object.assign(place, values);
}

// Content is shared; only what a variant has of its own is changed there.
export function setContent(layer, variant, values) {
    const own = layer.variants[variant]?.own ?? {};
    for (const [name, value] of Object.entries(values)) {
        if (name in own) own[name] = value;
        else layer.content[name] = value;
    }
}

export function makeOwn(layer, variant) {
    if (layer.place && !hasOwnPlace(layer, variant)) {
        layer.variants[variant] = { place: structuredClone(layer.place), own: {} };
    }
}

export function reset(layer, variant) {
    if (layer.place) delete layer.variants[variant];
}

// Gives a layer that is only on some variants a place on all the others, too.
export function share(layer, variant) {
    const row = on(layer, variant) ?? on(layer, Object.keys(layer.variants)[0]);
    layer.place ??= structuredClone(row.place);
}

export function move(layers, id, variant, step) {
    const sorted = inOrder(layers, variant);
    const from = sorted.findIndex((layer) => layer.id === id);
    const to = Math.max(0, Math.min(sorted.length - 1, from + step));
    sorted.splice(to, 0, ...sorted.splice(from, 1));
    sorted.forEach((layer, order) => {
        layer.content.order = order;
        for (const override of Object.values(layer.variants)) delete override.own.order;
    });
    return to !== from;
}

export function add(layers, name, content, place) {
    const order = layers.length ? Math.max(...layers.map((layer) => layer.content.order)) + 1 : 0;
    const [layer] = withIds([{ name: freeName(layers, name), content: { ...content, order }, place, variants: {} }]);
    layers.push(layer);
    return layer;
}

export function copy(layers, id) {
    const found = find(layers, id);
    const [layer] = withIds([{ ...withoutIds([found])[0], name: freeName(layers, found.name) }]);
    layer.content.order = Math.max(...layers.map((other) => other.content.order)) + 1;
    layers.push(layer);
    return layer;
}

export function remove(layers, id) {
    const index = layers.findIndex((layer) => layer.id === id);
    if (index >= 0) layers.splice(index, 1);
}

export function freeName(layers, wanted) {
    const taken = new Set(layers.map((layer) => layer.name));
    const stem = wanted.replace(/-\d+$/, "").slice(0, 34);
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
    return name;
}

export function slug(text) {
    return text.trim().replace(/\s+/g, "-").replace(/[^A-Za-z0-9_-]/g, "").slice(0, 40);
}
