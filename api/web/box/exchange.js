// One question and its answer.

const REASONS = ["wrong", "incomplete", "wrong_product", "unclear"]; // as /v1/feedback knows them
const AROUND = 240; // characters shown before and after a quote

/** An item of the conversation. `box` is the element it stands in. */
class Exchange {
  #box;
  #words;
  #asked;
  #passages = [];
  #sources = new Map(); // number -> {title, button, quote, marks}
  #step;
  #said;
  #sourceList;
  #rest = make("div");
  #stop = new AbortController();
  answer = null;
  node;

  constructor(box, words, asked) {
    this.#box = box;
    this.#words = words;
    this.#asked = asked;
    this.#step = make("p", { class: "step", part: "progress", "aria-hidden": "true" }, words.looking);
    this.#said = make("p", { class: "said", part: "answer", dir: "auto", hidden: true });
    this.#sourceList = make("ol", { class: "sources", part: "sources", "aria-label": words.sources, hidden: true });
    this.node = make(
      "li",
      { part: "exchange", tabindex: "-1" },
      make("p", { class: "question", part: "question", dir: "auto" }, asked.question),
      this.#said,
      this.#step,
      this.#sourceList,
      this.#rest,
    );
  }

  abort() {
    this.#stop.abort();
  }

  async run(service) {
    try {
      for await (const { name, data } of service.ask(this.#asked, this.#stop.signal)) {
        if (name === "passages") this.#read(data);
        if (name === "citation") this.#cite(data);
        if (name === "statement") this.#state(data);
        if (name === "answer" && !this.answer) this.#finish(data);
        this.#box.follow(this.node);
      }
      if (!this.answer) throw new Trouble("cut");
    } catch (error) {
      const stopped = error.name === "AbortError";
      this.#fail(stopped ? "stopped" : (error.kind ?? "failed"));
      if (!stopped) console.warn("shelf-talk:", error.message);
    } finally {
      this.#step.remove();
    }
  }

  #read(data) {
    this.#passages = list(data.passages);
    this.#step.textContent = this.#words.reading;
  }

  #state(statement) {
    // The service sends what it has verified; anything else it may say is not shown as true.
    if (statement.verdict !== "supported") return;
    if (!this.#said.hidden) this.#said.append(" ");
    this.#said.hidden = false;
    this.#said.append(make("span", { dir: "auto" }, text(statement.text)));
    for (const number of list(statement.citations)) {
      const source = this.#sources.get(number);
      if (!source) continue;
      const mark = make(
        "button",
        {
          type: "button",
          class: "mark",
          part: "mark",
          "aria-expanded": "false",
          "aria-label": fill(this.#words.source, { n: number, title: source.title }),
          onclick: () => this.#toggle(number),
        },
        String(number),
      );
      source.marks.push(mark);
      this.#said.append(mark);
    }
  }

  #cite(citation) {
    const number = citation.number;
    if (!Number.isInteger(number) || this.#sources.has(number)) return;
    const words = this.#words;
    const title = text(citation.title);
    const heading = text(list(citation.heading).at(-1));
    const page = Number.isInteger(citation.page) ? fill(words.page, { n: citation.page }) : "";
    const place = page || (heading === title ? "" : heading);
    const link = address(citation.url);
    if (link && page && link.pathname.endsWith(".pdf")) link.hash = `page=${citation.page}`;
    const kind = words[citation.kind === "page" ? "help" : citation.kind] ?? "";
    const quote = make(
      "div",
      { class: "quote", part: "quote", hidden: true },
      make("p", { class: "where" }, [kind, place].filter(Boolean).join(" · ")),
      make("blockquote", { dir: "auto" }, ...this.#context(citation)),
      link && make("a", { href: link.href, target: "_blank", rel: "noopener noreferrer" }, words.open),
    );
    const button = make(
      "button",
      { type: "button", class: "source", part: "source", "aria-expanded": "false", onclick: () => this.#toggle(number) },
      make("b", {}, String(number)),
      make("span", { dir: "auto" }, title),
      make("span", { class: "where" }, page || kind),
    );
    this.#sources.set(number, { title, button, quote, marks: [] });
    this.#sourceList.append(make("li", {}, button, quote));
  }

  /** The quote marked in the passage it stands in, where that was sent too; else the quote alone. */
  #context(citation) {
    const quote = text(citation.quote);
    for (const passage of this.#passages) {
      if (passage.document_id !== citation.document_id) continue;
      const all = Array.from(text(passage.text)); // offsets count characters, not UTF-16 units
      const from = citation.start - passage.start;
      const to = citation.end - passage.start;
      if (from < 0 || all.slice(from, to).join("") !== quote) continue;
      const before = (from > AROUND ? "…" : "") + all.slice(Math.max(from - AROUND, 0), from).join("");
      const after = all.slice(to, to + AROUND).join("") + (all.length > to + AROUND ? "…" : "");
      return [before, make("mark", {}, quote), after];
    }
    return [make("mark", {}, quote)];
  }

  #toggle(number) {
    for (const [other, source] of this.#sources) {
      const open = other === number && source.quote.hidden;
      source.quote.hidden = !open;
      for (const button of [source.button, ...source.marks]) button.setAttribute("aria-expanded", String(open));
      if (open) source.quote.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  }

  #finish(answer) {
    if (answer.status === "answered") {
      if (this.#said.hidden) {
        // The whole answer came at once.
        this.#passages = list(answer.passages);
        list(answer.citations).forEach((citation) => this.#cite(citation));
        list(answer.statements).forEach((statement) => this.#state(statement));
      }
      if (this.#said.hidden) throw new Trouble("failed", "an answer without a verified sentence");
      this.#sourceList.hidden = !this.#sources.size;
      for (const conflict of list(answer.conflicts)) {
        this.#rest.append(make("p", { class: "often", dir: "auto" }, `${this.#words.differ} ${text(conflict)}`));
      }
      this.#rest.append(this.#helpful());
    } else if (list(answer.choices).length) {
      this.#choose(answer);
    } else {
      this.#beSilent(answer);
    }
    this.answer = answer;
    this.#box.tell(text(answer.answer));
  }

  #choose(answer) {
    const choices = list(answer.choices).map((choice) =>
      make("li", {}, this.#box.chip(text(choice.name), () => this.#box.choose(this.#asked.question, choice))),
    );
    this.#rest.append(
      make("p", { dir: "auto", part: "answer" }, text(answer.answer)),
      make("ul", { class: "chips", part: "choices" }, ...choices),
    );
  }

  #beSilent(answer) {
    const words = this.#words;
    const others = this.#box.unasked();
    const contact = this.#box.contact();
    const say = make(
      "div",
      {},
      make("p", { dir: "auto" }, text(answer.answer)),
      contact && make("p", {}, make("a", { href: contact }, words.contact)),
      make("p", { class: "often" }, others.length ? words.try : words.next),
      others.length && this.#box.chips(others),
    );
    this.#rest.append(make("div", { class: "silent", part: "silence" }, icon("silent"), say));
  }

  #fail(kind) {
    this.#sourceList.hidden = !this.#sources.size;
    const again = () => this.#box.repeat(this, this.#asked);
    this.#rest.replaceChildren(
      make(
        "p",
        { class: "trouble", part: "error" },
        this.#words[kind],
        kind !== "missing" && make("button", { type: "button", onclick: again }, this.#words.retry),
      ),
    );
    this.#box.tell(this.#words[kind]);
  }

  // ------------------------------------------------------------ thumbs

  #helpful() {
    const words = this.#words;
    const thumb = (name, label, onclick) =>
      make("button", { type: "button", class: "icon", part: "thumb", "aria-pressed": "false", "aria-label": label, title: label, onclick }, icon(name));
    const row = make(
      "div",
      { class: "foot", part: "feedback", role: "group", "aria-label": words.helpful },
      make("span", {}, words.helpful),
      thumb("up", words.yes, () => this.#thank(row, { helpful: true })),
      thumb("down", words.no, (event) => {
        event.currentTarget.setAttribute("aria-pressed", "true");
        const why = this.#why();
        row.replaceWith(why);
        why.querySelector("input").focus();
      }),
    );
    return row;
  }

  #why() {
    const words = this.#words;
    const reasons = REASONS.map((reason) =>
      make("label", {}, make("input", { type: "radio", name: "reason", value: reason }), words[reason]),
    );
    const more = make("textarea", { rows: "2", maxlength: "1000", "aria-label": words.more, placeholder: words.more });
    const form = make(
      "form",
      { class: "why", part: "reason" },
      make("fieldset", {}, make("legend", {}, words.why), ...reasons),
      more,
      make("div", {}, make("button", { class: "main" }, words.send)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = new FormData(form).get("reason");
      this.#thank(form, { helpful: false, ...(reason && { reason }), ...(more.value.trim() && { text: more.value.trim() }) });
    });
    return form;
  }

  async #thank(node, verdict) {
    const { question, product_id } = this.#asked;
    const thanks = make("p", { class: "foot", part: "feedback", tabindex: "-1" }, this.#words.thanks);
    node.replaceWith(thanks);
    thanks.focus();
    this.#box.tell(this.#words.thanks);
    const said = { question, answer: text(this.answer.answer), generation: text(this.answer.generation) };
    await this.#box.opine({ ...said, ...(product_id && { product_id }), ...verdict });
  }
}
