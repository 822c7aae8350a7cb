"""Units of measure: how they are spelt, what they measure, and how they convert."""

from decimal import Decimal
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit in its base spelling."""

    name: str
    measures: str
    """The dimension; only units of one dimension convert."""
    factor: Decimal
    """How many of the dimension's first unit it is."""
    customary: bool = False
    """Of the customary (imperial, US) system, whose conversions are rounded when written down."""


_TABLE = """
time        s 1            s sec secs second seconds sekunde sekunden 秒
time        ms 0.001       ms millisecond milliseconds millisekunden 毫秒
time        min 60         min mins minute minutes minuten 分钟
time        h 3600         h hr hrs hour hours stunde stunden 小时
time        d 86400        d day days tag tage tagen 天
time        week 604800    week weeks woche wochen 周
calendar    month 1        month months monat monate monaten 个月
calendar    y 12           y yr yrs year years jahr jahre jahren 年
mass        g 1            g gram grams gramme grammes gramm 克
mass        mg 0.001       mg milligram milligrams
mass        kg 1000        kg kgs kilo kilos kilogram kilograms kilogramm 千克 公斤
mass        oz 28.349523125 oz ounce ounces !
mass        lb 453.59237   lb lbs !
length      mm 1           mm millimetre millimetres millimeter millimeters 毫米
length      cm 10          cm centimetre centimetres centimeter centimeters zentimeter 厘米
length      m 1000         m metre metres meter meters 米
length      km 1000000     km kilometre kilometres kilometer kilometers 公里
length      in 25.4        inch inches zoll ″ !
length      ft 304.8       ft foot feet !
length      mi 1609344     mile miles !
area        m² 1           m² qm 平方米
area        ft² 0.09290304 ft² sqft !
volume      ml 1           ml millilitre millilitres milliliter milliliters 毫升
volume      cl 10          cl
volume      l 1000         l litre litres liter liters 升
power       w 1            w watt watts 瓦
power       kw 1000        kw kilowatt kilowatts 千瓦
energy      wh 1           wh
energy      kwh 1000       kwh
charge      mah 1          mah
charge      ah 1000        ah
voltage     v 1            v volt volts 伏
current     ma 1           ma milliamp milliamps
current     a 1000         a amp amps ampere 安
sound       db 1           db decibel decibels dezibel 分贝
light       lm 1           lm lumen lumens 流明
frequency   hz 1           hz
frequency   khz 1000       khz
frequency   mhz 1000000    mhz
frequency   ghz 1000000000 ghz
temperature °c 1           °c celsius ℃ 摄氏度
temperature °f 1           °f fahrenheit !
pounds      £ 1            £ gbp 英镑
euros       € 1            € eur euro euros 欧元
dollars     $ 1            $ usd dollar dollars 美元
francs      chf 1          chf sfr franken francs
crowns      kr 1           kr dkk sek nok kronen kroner kronor crowns
zloty       zł 1           zł pln zloty
yen         ¥ 1            ¥ jpy yen
yuan        元 1           元 cny rmb yuan
share       % 1            % percent prozent
"""


def _read() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for line in _TABLE.split("\n"):
        if line:
            measures, name, factor, *spellings = line.split()
            unit = Unit(name, measures, Decimal(factor), spellings[-1] == "!")
            found.update((spelling, unit) for spelling in spellings if spelling != "!")
    return found


UNITS = _read()
"""By every spelling, casefolded."""

MONEY = frozenset("pounds euros dollars francs crowns zloty yen yuan".split())
"""The dimensions that are currencies; nothing converts them."""

NAMED = {unit.name: unit for unit in UNITS.values()}
"""By base spelling."""

AMBIGUOUS = {"pound": ("£", "lb"), "degree": ("°c", "°f")}
"""Words that stand for more than one unit."""
AMBIGUOUS_SPELLINGS = {
    spelling: name
    for name, spellings in {"pound": "pound pounds", "degree": "° degree degrees grad 度"}.items()
    for spelling in spellings.split()
}

_LEAST_PRECISION = Decimal("0.02")


def same(value: Decimal, unit: Unit, other: Decimal, other_unit: Unit) -> bool:
    """Whether `value` is `other` in another unit.

    Within the metric system exactly; across systems to half of the last digit of either, and 2 %.
    """
    if unit.measures != other_unit.measures:
        return False
    ours, theirs = _in_base(value, unit), _in_base(other, other_unit)
    if unit.customary == other_unit.customary:
        return ours == theirs
    off = abs(ours - theirs)
    rounding = max(_half_digit(value) * unit.factor, _half_digit(other) * other_unit.factor)
    return off <= rounding and off <= _LEAST_PRECISION * max(abs(ours), abs(theirs), Decimal(25))


def _in_base(value: Decimal, unit: Unit) -> Decimal:
    return (value - 32) * 5 / 9 if unit.name == "°f" else value * unit.factor


def _half_digit(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(5).scaleb(min(int(exponent), 0) - 1)
