"""Is a text spoken to whoever writes the answer, rather than to the shopper? Pure, and quick.

Such a text answers no question of a shopper, so it is never evidence. What is told here are the
habits of instructions to an answering machine, not of one attack: they name the answer, the
machine, its orders or its reader. What is found and what is lost: docs/answers.md.
"""

import re
from functools import lru_cache

from rag.links import links
from rag.types import Kind

_ANSWERS = r"(?:answers?|response|reply|replies|output|completion)"
_READER = r"(?:users?|customers?|shoppers?|buyers?|visitors?|readers?|clients?|everyone|everybody)"
_BEGINS = r"(?:^|[.!?:;…\"“”«»()\[\]{}*#>|/-]\s*|\b(?:please|always|then|now|instead)\s+)"
_NOT = r"(?<!\bnot )(?<!\bnever )(?<!n't )"

_ENGLISH = (  # words of which a text needs one, and the habit
    # your answer; every third word of the response
    (
        "answer|response|repl|output|completion",
        rf"\b(?:your|the next|the final|every) (?:\w+ )?{_ANSWERS}\b(?! (?:is|was|will)\b)",
    ),
    (
        "answer|response|repl|output|completion",
        rf"\b(?:to|in|into|of|from|with|at the end of) the {_ANSWERS}[.,:]? "
        r"(?:say|add|include|tell)\b",
    ),
    # ignore all previous instructions
    (
        "ignore|disregard|forget|override|bypass",
        rf"{_NOT}\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{{0,30}}"
        r"\b(?:previous|prior|above|earlier|preceding|other|all|any|your|these|those)\b[^.!?]{0,20}"
        r"\b(?:instructions?|prompts?|rules?|guidelines?|directives?|orders|context|facts|said|told"
        r"|documents?|passages?)\b",
    ),
    (
        "ignore|disregard|forget",
        rf"{_NOT}\b(?:ignore|disregard|forget)\b[^.!?]{{0,20}}"
        r"\b(?:instructions?|rules?|facts|context|everything|all) (?:above|before|so far)\b",
    ),
    (
        "prompt|system|instruction",
        r"\bsystem (?:prompt|message)s?\b(?! you)"
        r"|\b(?:hidden|initial|original|secret) (?:prompt|instruction)s?\b",
    ),
    (
        "instruction",
        r"\b(?:new|updated|real|important|secret|special|additional) instructions?\b"
        r"[^.!?]{0,12}(?::|\bfor (?:the )?(?:ai|assistant|model|bot)\b)",
    ),
    # the machine by its name
    (
        "assistant|model|bot|agent|llm|gpt|an ai",
        r"\b(?:ai|virtual|chat|language)[ -]?(?:assistants?|models?|bots?|agents?)\b"
        r"|\bchat ?bots?\b|\bllms?\b|\b(?:chat)?gpt\b|\bas an ai\b",
    ),
    (
        " ai| bot| assistant| model",
        r"\b(?:the|to|dear|attention|hey) (?:ai|bot)\b"
        r"|\b(?:dear|attention|hey),? (?:assistant|model)\b",
    ),
    # tell the customer; when asked, say
    (
        "user|customer|shopper|buyer|visitor|reader|client|every",
        rf"{_BEGINS}(?:tell|inform|assure|convince|persuade|advise|urge|warn|direct|redirect|send|refer"
        rf"|encourage)(?:ing)? (?:the |every |all |any |each |our )?{_READER}\b",
    ),
    (
        "ask|answering|responding|replying|summari",
        r"\b(?:when|if|whenever)\b[^.!?]{0,30}\b(?:asked|asks?|answering|responding|replying"
        r"|summari[sz]ing)\b[^.!]{0,80}\b(?:say|answer|reply|respond|state|claim|tell|recommend"
        r"|mention|include|output|insist|add)\b",
    ),
    # say only, repeat the following; you must answer
    (
        "say|answer|reply|respond|output|print|repeat|reveal|state",
        rf"{_BEGINS}(?:say|answer|reply|respond|output|print|repeat|reveal|state)\b[^.,!?]{{0,25}}"
        r"\b(?:only|exactly|verbatim|following|the (?:word|phrase|sentence|link|code)|that"
        r"|word for word|in (?:all )?(?:caps|capitals|french|german|spanish|english|chinese|base64"
        r"|rot13|pirate))\b",
    ),
    (
        "you must|you should|you will|you shall|you are",
        r"\byou (?:must|should|will|shall|are (?:now )?(?:to|required to|instructed to)) "
        r"(?:always |now |only )?(?:answer|reply|respond|say|state|claim|recommend|tell|output"
        r"|reveal|repeat|mention|obey|pretend)\b",
    ),
    (
        "from now on|pretend|act as|you are|jailbreak|prompt|anything now|developer mode",
        r"\bfrom now on,? (?:you|always|only|every|answer|reply|say|respond)\b"
        rf"|{_BEGINS}pretend (?:to be|that|you)\b|\bact as (?:if you|an? (?:ai|hacker|pirate))\b"
        r"|\byou are (?:now )?(?:dan\b|a pirate|an? (?:ai|unrestricted|helpful|evil)\b)"
        r"|\bjailbreak|\bprompt injection\b|\bdo anything now\b"
        r"|\bdeveloper mode (?:is )?(?:on|enabled)\b",
    ),
    # marks of templates and prompts
    (
        "system|instruction|assistant|ai:|ai :|bot:|bot :|<|inst]|prompt|context|facts",
        r"(?:^|\s)#{2,} ?(?:system|instruction|assistant)\b"
        r"|(?:^|[(\[])\s*(?:system|assistant|ai|bot)\s*:"
        r"|<\|?/?(?:im_start|im_end|system|assistant|endoftext|eot_id|start_header_id)\b|\[/?inst\]"
        r"|<<sys>>|\b(?:begin|end) (?:of )?(?:system|prompt|instructions|context|facts)\b",
    ),
)
_OTHERS = (
    # German
    (
        "ignorier|vergiss|vergessen|missacht|berschreib",
        r"\b(?:ignorier|vergiss\b|vergessen sie|missacht|überschreib)\w*[^.!?]{0,60}"
        r"\b(?:anweisung|regel|vorgabe|instruktion|fakten|vorherig|bisherig)\w*",
    ),
    (
        "antwort|prompt|ki-assistent|sprachmodell|chatbot",
        r"\b(?:deine|ihre|jede|die nächste)[nmrs]? antwort(?:en)?\b"
        r"|\bantworte(?:n sie)? (?:nur|immer|stets|mit)\b"
        r"|\b(?:systemprompt|system-prompt|ki-assistent|sprachmodell|chatbot)\w*",
    ),
    (
        "kunde|kundin|nutzer|ufer|leser|besucher",
        r"\b(?:sag|sage|sagen sie|teile|empfiehl|empfehlen sie|schicke?) (?:\w+ )?"
        r"(?:dem|den|der|allen|jedem) (?:kunde|kundin|nutzer|käufer|leser|besucher)\w*",
    ),
    # French
    (
        "ignore|oublie|pas compte",
        rf"{_NOT}\b(?:ignore[zr]?|oublie[zr]?|ne (?:tiens|tenez) pas compte)\b[^.!?]{{0,50}}"
        r"\b(?:instructions?|consignes?|règles?|directives?|précédent\w*)",
    ),
    (
        "ponse|pond|assistant ia|langage|invite|prompt|client|utilisateur",
        r"\b(?:ta|votre|chaque|la prochaine) réponses?\b"
        r"|\b(?:réponds|répondez) (?:toujours|seulement|uniquement|que)\b"
        r"|\b(?:assistant ia|modèle de langage|invite système|prompt système)\b"
        r"|\b(?:dis|dites|conseillez?|recommandez?) (?:aux?|à tous les|à chaque) "
        r"(?:clients?|utilisateurs?)",
    ),
    # Spanish and Italian
    (
        "ignora|olvida|olvide|dimentica",
        r"\b(?:ignora|olvida|olvide|dimentica|ignorate)\b[^.!?]{0,50}"
        r"\b(?:instrucciones|reglas|indicaciones|anteriores|istruzioni|regole|precedenti)",
    ),
    (
        "respuesta|risposta|responde|rispondi|client|usuario|modelo|modello|asistente|prompt",
        r"\b(?:tu|su|cada|la tua|la sua|ogni) (?:respuesta|risposta)\b"
        r"|\b(?:responde|rispondi) (?:siempre|solo|sólo|sempre)\b"
        r"|\b(?:di|dile|diles|diga|dígale|consiglia|di') (?:al|a los|a todos los|ai) "
        r"(?:clientes?|usuarios?|clienti)"
        r"|\b(?:modelo de lenguaje|modello linguistico|asistente de ia|prompt del sistema)\b",
    ),
    # Chinese
    (
        "指令|指示|规则|提示|要求",
        r"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守)[^。！？]{0,15}(?:指令|指示|规则|提示|要求)",
    ),
    (
        "回答|回复|答案|输出|提示|模型|机器人|助手|作为",
        r"(?:你的|每个|每次)(?:回答|回复|答案|输出)"
        r"|(?:回答|回复)(?:中|时|里)(?:请|要|必须|加入|添加|提到|推荐|说)"
        r"|系统提示|提示词|语言模型|聊天机器人|(?:人工智能|AI)助手|作为AI",
    ),
    (
        "用户|顾客|客户|买家|访客|读者",
        r"(?:请)?(?:告诉|告知|引导)(?:所有|每位|每个)?(?:用户|顾客|客户|买家|访客|读者)",
    ),
)
_HABITS = tuple(
    (words.split("|"), re.compile(habit, re.IGNORECASE)) for words, habit in (*_ENGLISH, *_OTHERS)
)
"""Each with what it cannot do without: that is looked for first, in a hundredth of the time."""
_ALIKE = str.maketrans("ſıİ\u212a", "siik")
"""What a pattern that ignores case takes for a letter of ASCII."""

_PROMOTES = re.compile(
    r"\b(?i:code|coupon|voucher|promo|gutschein(?:code)?|cupón|código)s?\W{1,3}(?:\w+\W+){0,2}"
    r"[A-Z][A-Z0-9]{3,}\b|(?:优惠码|折扣码)|\b\d{2,3} ?% (?i:off|discount|rabatt)\b"
    r"|(?i:\bcall\b)[^.!?]{0,12}\+?\d[\d -]{6,}",
)
_OF_ASKERS = re.compile(
    rf"\b(?:when|if|whenever|once) (?:an? |the |any |some |every )?(?:{_READER}|someone|anyone)"
    r" (?:is |are )?(?:asks?|asking|wants? to know|enquires?)\b",
    re.IGNORECASE,
)
"""Who reviews a thing does not speak of those who will ask about it."""


@lru_cache(maxsize=8192)
def addresses_the_answerer(text: str) -> bool:
    """Whether the text gives orders to whoever answers."""
    plain = " ".join(text.split())
    lower = plain.translate(_ALIKE).lower()
    return any(
        any(word in lower for word in words) and habit.search(plain) for words, habit in _HABITS
    )


def may_be_evidence(text: str, kind: Kind) -> bool:
    """Whether a paragraph may answer: not spoken to us, and of a reviewer, not to sell or lure."""
    if kind is Kind.REVIEW and (links(text) or _PROMOTES.search(text) or _OF_ASKERS.search(text)):
        return False
    return not addresses_the_answerer(text)
