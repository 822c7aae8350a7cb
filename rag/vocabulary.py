"""What shoppers call an attribute, and what spec sheets call it.

"How heavy is it?" asks for the weight. Small embedding models know little of this, so the words are
listed: general English, German and Chinese, nothing of any one shop.
"""

from collections.abc import Iterable, Mapping

from rag.text import terms

_NAMES = {
    "weight": "heavy heavier weigh weighs light lighter lightweight 多重 重量 schwer gewicht wiegt",
    "dimensions size": "big bigger large larger smaller taller tall wide high deep dimension "
    "measurements footprint groß größe maße abmessungen 多大 尺寸",
    "capacity volume": "hold holds fit litres volume fassungsvermögen kapazität 容量",
    "capacity load": "carry carries support supports bear bears traglast belastbar 承重",
    "power": "watt watts wattage draw draws leistung 功率",
    "noise level": "loud louder noisy quiet quieter decibel decibels db laut leise lautstärke 噪音",
    "battery life": "runtime akkulaufzeit 续航",
    "charging time": "recharge recharging charge ladezeit 充电",
    "water resistance": "waterproof rainproof splashproof swim rain wasserdicht 防水",
    "material": "made plastic metal fabric materials aus 材质",
    "cable length": "cord lead kabel 线长",
    "price": "cost costs pay expensive cheaper preis kostet 价格 多少钱",
    "warranty": "guarantee guaranteed garantie 保修 质保",
    "country of manufacture": "made manufactured hergestellt 产地",
    "in the box": "include includes included comes package lieferumfang 配件",
    "colour color": "colours colors shades farbe farben 颜色",
    "temperature": "hot cold warm degrees celsius temperatur 温度",
    "packed size": "packs fold folded packmaß 收纳",
    "set-up time": "pitch assemble aufbau 搭建",
    "dishwasher-safe": "dishwasher spülmaschine 洗碗机",
}


SHOPPERS = frozenset(
    word for words in (*_NAMES, *_NAMES.values()) for word in words.split() if word.isalpha()
)
"""All these words as they are written."""


def _by_term(names: Mapping[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for attribute, words in names.items():
        for term in terms(words):
            found.setdefault(term, set()).update(terms(attribute))
    return {term: frozenset(attributes) for term, attributes in found.items()}


_ATTRIBUTES = _by_term(_NAMES)


def attributes(term: str) -> frozenset[str]:
    """The search terms of the attributes a shopper's word asks for; empty for other words."""
    return _ATTRIBUTES.get(term, frozenset())


def expanded(query: Iterable[str]) -> list[str]:
    """The query's terms, then those of the attributes they ask for."""
    own = list(query)
    asked = {attribute for term in own for attribute in attributes(term)}
    return [*own, *sorted(asked - set(own))]
