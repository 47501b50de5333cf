// Estimates while something is being moved. The server's boxes, which are the render's, replace them afterwards.
//
// Lengths are pixels of the canvas; a place is {x, y, width, height} with x, y the middle.

export function clamp(value, low, high) {
    return Math.max(low, Math.min(high, value));
}

export function round(value, digits = 2) {
    return Number(value.toFixed(digits));
}

export function middle([x, y, width, height]) {
    return { x: x + width / 2, y: y + height / 2, width, height };
}

// How wide and high something is when it is turned.
export function extent(width, height, degrees) {
    const angle = (degrees * Math.PI) / 180;
    const across = Math.abs(Math.cos(angle));
    const along = Math.abs(Math.sin(angle));
    return { width: width * across + height * along, height: width * along + height * across };
}

// Moved as little as needed, so that the turned place lies inside the area [x, y, width, height].
export function inside(place, degrees, [x, y, width, height]) {
    const turned = extent(place.width, place.height, degrees);
    return { ...place, x: between(place.x, x, width, turned.width), y: between(place.y, y, height, turned.height) };
}

function between(value, start, room, length) {
    if (length >= room) return start + room / 2;
    return clamp(value, start + length / 2, start + room - length / 2);
}

// How much smaller a turned place has to be to fit into an area; 1 when it fits.
export function shrink(place, degrees, [, , width, height]) {
    const turned = extent(place.width, place.height, degrees);
    return Math.min(1, width / turned.width, height / turned.height);
}

// --- snapping ---

// Lines that something may snap to: {x: [...], y: [...]}.
export function lines(canvas, safe, areas, others) {
    const found = { x: [canvas[0] / 2, canvas[0] / 3, (2 * canvas[0]) / 3], y: [canvas[1] / 2, canvas[1] / 3, (2 * canvas[1]) / 3] };
    for (const [x, y, width, height] of [safe, ...areas, ...others]) {
        found.x.push(x, x + width);
        found.y.push(y, y + height);
    }
    for (const [x, y, width, height] of others) {
        found.x.push(x + width / 2);
        found.y.push(y + height / 2);
    }
    return found;
}

// The place moved to the nearest lines within `reach`, and the lines it then touches.
export function snap(place, degrees, found, reach) {
    const turned = extent(place.width, place.height, degrees);
    const x = nearest(place.x, turned.width, found.x, reach);
    const y = nearest(place.y, turned.height, found.y, reach);
    return {
        place: { ...place, x: place.x + x.by, y: place.y + y.by },
        guides: { x: x.line === null ? [] : [x.line], y: y.line === null ? [] : [y.line] },
    };
}

function nearest(value, length, candidates, reach) {
    let best = { by: 0, line: null, distance: reach };
    for (const edge of [0, -length / 2, length / 2]) {
        for (const line of candidates) {
            const by = line - (value + edge);
            if (Math.abs(by) < best.distance) best = { by, line, distance: Math.abs(by) };
        }
    }
    return best;
}

// --- turning ---

// The angle of a point around a middle, in degrees: 0 above it, clockwise.
export function angle(centre, point) {
    return (Math.atan2(point.x - centre.x, centre.y - point.y) * 180) / Math.PI;
}

// Between -180 and 180, drawn to whole steps of `step` degrees, or to quarter turns when near.
export function tidy(degrees, step = 0) {
    const turned = ((((degrees + 180) % 360) + 360) % 360) - 180;
    if (step) return Math.round(turned / step) * step;
    const quarter = Math.round(turned / 90) * 90;
    return Math.abs(turned - quarter) < 3 ? quarter : round(turned, 1);
}
