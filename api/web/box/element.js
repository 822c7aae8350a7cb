// The element.

const LONGEST = 2000; // characters of a question, as the service counts them
const REMEMBERED = 6; // earlier questions sent along

// "…/widget/<version>/shelf-talk.js" belongs to the service at "…/".
const HOME = document.currentScript?.src ? new URL("../../", document.currentScript.src).href : "/";

class ShelfTalk extends HTMLElement {
  static observedAttributes = ["product-id", "variant-id", "lang", "mode", "api", "shop", "locale"];
  /** Words by language; add a language here and set the element's `lang` to it. */
  static strings = STRINGS;

  #root = this.attachShadow({ mode: "open" });
  #words = STRINGS.en;
  #exchanges = [];
  #tongue;
  #questions = []; // suggested ones
  #product = null; // {product_id, name}, chosen in this conversation
  #status;
  #talk;
  #often;
  #about;
  #input;
  #submit;
  #panel;
  #launcher;
  #seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#suggest());

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
  }

  connectedCallback() {
    this.#render();
  }

  disconnectedCallback() {
    this.#seen.disconnect();
    this.#running()?.abort();
  }

  attributeChangedCallback(name, before, after) {
    if (this.isConnected && before !== after && this.#panel) this.#render();
  }

  /** Ask on the shopper's behalf, as a click on a suggestion does. */
  ask(question) {
    this.open();
    return this.#ask({ question });
  }

  /** Open the panel of a launcher. */
  open() {
    if (!this.#launcher || this.#panel.open) return;
    if (matchMedia("(max-width: 40rem)").matches) this.#panel.showModal();
    else this.#panel.show();
    this.#launcher.setAttribute("aria-expanded", "true");
    this.#input.focus();
  }

  /** Close the panel of a launcher; the conversation stays. */
  close() {
    if (this.#launcher) this.#panel.close();
  }

  // ------------------------------------------------------------ what an exchange asks of its box

  /** Say it to a screen reader. */
  tell(message) {
    this.#status.textContent = message;
  }

  chip(label, onclick) {
    return make("button", { type: "button", part: "suggestion", dir: "auto", onclick }, label);
  }

  chips(questions) {
    const items = questions.map((question) => make("li", {}, this.chip(question, () => this.#ask({ question }))));
    return make("ul", { class: "chips", part: "suggestions" }, ...items);
  }

  unasked() {
    const asked = new Set(this.#exchanges.map((exchange) => exchange.question));
    return this.#questions.filter((question) => !asked.has(question)).slice(0, 3);
  }

  contact() {
    const given = this.getAttribute("contact");
    return given && address(given, ["http:", "https:", "mailto:", "tel:"], document.baseURI)?.href;
  }

  choose(question, choice) {
    this.#product = { product_id: text(choice.product_id), name: text(choice.name) };
    this.#showProduct();
    return this.#ask({ question });
  }

  repeat(exchange, asked) {
    this.#exchanges = this.#exchanges.filter((other) => other.exchange !== exchange);
    const done = this.#ask(asked);
    exchange.node.remove();
    return done;
  }

  /** Keep what is being said in sight, where the conversation scrolls on its own. */
  follow(node) {
    if (this.#launcher) this.#talk.parentNode.scrollTop = node.offsetTop;
  }

  async opine(body) {
    this.#emit("feedback", body);
    await this.#service()
      .feedback(body)
      .catch((error) => console.warn("shelf-talk:", error.message));
  }

  // ------------------------------------------------------------ inside

  #service() {
    const base = address(this.getAttribute("api") ?? "", undefined, HOME)?.href ?? HOME;
    return Service.at(base, this.getAttribute("shop"));
  }

  #running() {
    return this.#exchanges.find(({ running }) => running)?.exchange;
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`shelf-talk:${name}`, { detail, bubbles: true, composed: true }));
  }

  #render() {
    this.#running()?.abort();
    this.#exchanges = [];
    this.#questions = [];
    this.#product = null;
    this.#tongue = (this.closest("[lang]")?.lang || navigator.language).split("-")[0].toLowerCase();
    const known = Object.hasOwn(STRINGS, this.#tongue) ? this.#tongue : "en";
    const words = (this.#words = { ...STRINGS.en, ...STRINGS[known] });
    const floating = this.getAttribute("mode") === "launcher";

    this.#status = make("p", { class: "unseen", role: "status" });
    this.#talk = make("ol", { class: "talk", part: "conversation", hidden: true });
    this.#often = make("div", { part: "often", hidden: true });
    this.#about = make("p", { class: "about often", hidden: true });
    this.#input = make("input", {
      part: "input",
      name: "question",
      "aria-label": words.label,
      placeholder: words.hint,
      autocomplete: "off",
      enterkeyhint: "send",
      dir: "auto",
      oninput: () => this.#input.setCustomValidity(""),
    });
    this.#submit = make("button", { class: "main", part: "button" }, words.ask);
    const form = make("form", { class: "ask", part: "form" }, this.#input, this.#submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitted();
    });
    const title = words[this.getAttribute("product-id") ? "title" : "shop"];
    const header = make(
      "header",
      { part: "header" },
      make("h2", { id: "title", part: "heading" }, title),
      floating &&
        make("button", { type: "button", class: "icon close", "aria-label": words.close, title: words.close, onclick: () => this.close() }, icon("close")),
      make("p", { class: "note", part: "note" }, words.note),
    );
    this.#panel = make(
      floating ? "dialog" : "section",
      { class: "panel", part: "panel", "aria-labelledby": "title", lang: known },
      header,
      make("div", { class: "scroll" }, this.#talk, this.#often),
      this.#about,
      form,
      this.#status,
    );
    this.#launcher = floating ? this.#makeLauncher(words) : null;
    this.#root.replaceChildren(...[this.#launcher, this.#panel].filter(Boolean));
    this.#seen.disconnect();
    this.#seen.observe(this.#panel);
  }

  #makeLauncher(words) {
    const launcher = make(
      "button",
      { type: "button", class: "launcher main", part: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false", lang: this.#panel.lang },
      icon("talk"),
      words.shop,
    );
    launcher.addEventListener("click", () => (this.#panel.open ? this.close() : this.open()));
    this.#panel.addEventListener("close", () => {
      launcher.setAttribute("aria-expanded", "false");
      launcher.focus();
    });
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    return launcher;
  }

  async #suggest() {
    this.#seen.disconnect();
    const panel = this.#panel;
    const found = await this.#service()
      .suggestions(this.getAttribute("product-id"), this.getAttribute("locale") ?? this.#tongue)
      .catch(() => []); // without suggestions one can still ask
    if (panel !== this.#panel || this.#exchanges.length || !found.length) return;
    this.#questions = found;
    this.#often.replaceChildren(make("p", { class: "often" }, this.#words.often), this.chips(found.slice(0, 4)));
    this.#often.hidden = false;
  }

  #showProduct() {
    const { name } = this.#product ?? {};
    const forget = () => {
      this.#product = null;
      this.#showProduct();
      this.#input.focus();
    };
    this.#about.hidden = !name;
    if (!name) return;
    const label = this.#words.everything;
    this.#about.replaceChildren(
      this.#words.about,
      make("bdi", {}, name),
      make("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick: forget }, icon("close")),
    );
  }

  #submitted() {
    const running = this.#running();
    if (running) return running.abort();
    const question = this.#input.value.trim();
    if (!question) return;
    if (Array.from(question).length > LONGEST) {
      this.#input.setCustomValidity(this.#words.long);
      this.#input.reportValidity();
      return;
    }
    this.#input.value = "";
    this.#ask({ question });
  }

  async #ask(asked) {
    this.#running()?.abort();
    const attributes = { product_id: "product-id", variant_id: "variant-id", locale: "locale" };
    const scope = {};
    for (const [member, name] of Object.entries(attributes)) {
      if (this.getAttribute(name)) scope[member] = this.getAttribute(name);
    }
    if (this.#product) Object.assign(scope, { product_id: this.#product.product_id, variant_id: undefined });
    const history = this.#exchanges.map(({ question }) => question).slice(-REMEMBERED);
    const exchange = new Exchange(this, this.#words, { ...scope, history, ...asked });
    const entry = { exchange, question: asked.question, running: true };
    this.#exchanges.push(entry);
    const focused = this.#root.activeElement;
    this.#talk.hidden = false;
    this.#talk.append(exchange.node);
    this.follow(exchange.node);
    // Who typed goes on typing; what was clicked will be gone.
    if (focused && !focused.closest("form.ask")) exchange.node.focus();
    this.#often.hidden = true;
    this.#submit.textContent = this.#words.stop;
    this.tell(this.#words.looking);
    this.#emit("asked", { question: asked.question, ...scope });
    await exchange.run(this.#service());
    entry.running = false;
    if (!this.#running()) this.#submit.textContent = this.#words.ask;
    const { status, generation } = exchange.answer ?? {};
    this.#emit("answered", { question: asked.question, status: status ?? "failed", generation });
  }
}

customElements.define("shelf-talk", ShelfTalk);
