// What is asked of the server. Answers that are no answers become a Refusal with a sentence for people.

export class Refusal extends Error {
    constructor(sentence, problems = [], document = null, againMs = 0) {
        super(sentence);
        this.againMs = againMs; // after which the same may work
        this.problems = problems;
        this.document = document; // what somebody else saved meanwhile
    }
}

export class Server {
    constructor(urls, token, texts) {
        this.urls = urls;
        this.token = token;
        this.texts = texts;
    }

    async post(url, data, signal) {
        const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
        return this.sent(url, { method: "POST", headers, body: JSON.stringify(data), signal });
    }

    async sent(url, options) {
        let response;
        try {
            response = await fetch(url, { credentials: "same-origin", ...options });
        } catch (error) {
            if (error.name === "AbortError") throw error;
            throw new Refusal(this.texts.offline);
        }
        if (response.redirected) throw new Refusal(this.texts.signedOut);
        if (!response.ok) throw await this.refusal(response);
        return response;
    }

    async refusal(response) {
        if (!(response.headers.get("Content-Type") ?? "").includes("json")) {
            return new Refusal(response.status === 403 ? this.texts.forbidden : this.texts.failed);
        }
        const { problems = [], document = null, error = "" } = await response.json();
        const sentence = problems.map((problem) => problem.sentence).join(" ") || error || this.texts.failed;
        return new Refusal(sentence, problems, document, 1000 * Number(response.headers.get("Retry-After") ?? 0));
    }

    async save(document) {
        return (await this.post(this.urls.save, { document })).json();
    }

    async boxes(document, variant, zones, signal) {
        return (await this.post(this.urls.boxes, { document, variant, zones }, signal)).json();
    }

    async text(document, variant) {
        return (await this.post(this.urls.text, { document, variant })).blob();
    }

    async videos() {
        const response = await this.sent(this.urls.videos, { headers: { Accept: "application/json" } });
        return (await response.json()).videos;
    }

    async picture(url, signal) {
        return (await this.sent(url, { signal })).blob();
    }

    // A frame as the render makes it, with what is not saved yet.
    async preview(wanted, signal) {
        return (await this.post(this.urls.preview, wanted, signal)).blob();
    }

    // The same frame as the render would make it of no brand at all.
    async previewWithout({ asset, variant, at_ms, size }, signal) {
        return this.picture(`${this.urls.preview}?${new URLSearchParams({ asset, variant, at_ms, size, without: 1 })}`, signal);
    }

    frameUrl(uuid, atMs, variant) {
        const query = new URLSearchParams({ at_ms: Math.round(atMs), variant });
        return `${this.urls.frame.replace(this.urls.placeholder, uuid)}?${query}`;
    }

    posterUrl(uuid) {
        return this.urls.poster.replace(this.urls.placeholder, uuid);
    }
}
