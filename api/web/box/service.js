// Talking to the service: its routes, the pass a page needs, and server-sent events.

const PATIENCE = 45; // seconds without a byte; the service says something every ten

/** Why there is no answer; `kind` is the name of the string that says so. */
class Trouble extends Error {
  constructor(kind, detail = kind) {
    super(detail);
    this.kind = kind;
  }
}

/** The service at one address, with the pass its pages need, if they need one. */
class Service {
  static #known = new Map();
  #base;
  #shop;
  #pass; // a promise of a token, or of null where the service asks for none

  static at(base, shop) {
    const key = `${base} ${shop}`;
    if (!this.#known.has(key)) this.#known.set(key, new Service(base, shop));
    return this.#known.get(key);
  }

  constructor(base, shop) {
    this.#base = base;
    this.#shop = shop;
  }

  /** Yields {name, data} of each event until the answer is complete; throws a Trouble if it never is. */
  async *ask(question, signal) {
    const response = await this.#send("v1/ask", question, signal, "text/event-stream");
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield { name: "answer", data: await response.json() };
      return;
    }
    for await (const event of events(response.body)) {
      if (event.name === "done") return;
      if (event.name === "error") throw new Trouble("failed", text(event.data.detail));
      yield event;
    }
    throw new Trouble("cut");
  }

  async suggestions(product, locale) {
    const query = new URLSearchParams({ locale, ...(product && { product_id: product }) });
    const response = await this.#send(`v1/suggestions?${query}`);
    return list((await response.json()).questions).map(text).filter(Boolean);
  }

  async feedback(body) {
    await this.#send("v1/feedback", body);
  }

  async #send(path, body, signal, accept = "application/json", again = true) {
    const headers = { accept };
    this.#pass ??= this.#obtain().catch((error) => {
      this.#pass = undefined; // or trying again would meet the same failure
      throw error;
    });
    const token = await this.#pass;
    if (token) headers.authorization = `Bearer ${token}`;
    if (body) headers["content-type"] = "application/json";
    const request = { method: body ? "POST" : "GET", headers, signal, credentials: "omit" };
    if (body) request.body = JSON.stringify(body);
    const response = await reach(this.#base + path, request);
    if (response.ok) return response;
    if (response.status === 401 && again) {
      this.#pass = undefined;
      return this.#send(path, body, signal, accept, false);
    }
    const problem = await response.json().catch(() => ({}));
    const busy = response.status === 429 || response.status === 503;
    const missing = text(problem.type).endsWith(":scope");
    const kind = busy ? "busy" : missing ? "missing" : "failed";
    throw new Trouble(kind, text(problem.detail) || `status ${response.status}`);
  }

  async #obtain() {
    const request = { method: "POST", credentials: "omit" };
    if (this.#shop) {
      request.headers = { "content-type": "application/json" };
      request.body = JSON.stringify({ shop: this.#shop });
    }
    const response = await reach(`${this.#base}v1/widget/token`, request);
    const issued = response.status === 200 ? await response.json() : {};
    const life = Math.max(Number(issued.expires_in) - 30, 5) * 1000;
    if (issued.token) setTimeout(() => (this.#pass = undefined), life);
    return text(issued.token) || null;
  }
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("offline", `${url}: ${error.message}`);
  }
}

/** The server-sent events of a body, their data parsed. */
async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  try {
    for (;;) {
      const { value, done } = await within(PATIENCE, reader.read());
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const blocks = buffer.split(/\r?\n\r?\n/);
      buffer = blocks.pop();
      if (buffer.length > 2 ** 21) throw new Trouble("cut", "an event without an end");
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof Trouble) throw error;
    throw new Trouble("cut", error.message);
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block) {
  let name = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  if (!data.length) return null; // a comment that keeps the line open
  const parsed = JSON.parse(data.join("\n"));
  return { name, data: parsed && typeof parsed === "object" ? parsed : {} };
}

function within(seconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Trouble("cut", "silence")), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
