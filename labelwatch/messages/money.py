"""What waiting costs: the next step of Ozon's tariff in words."""

from decimal import Decimal

from babel.numbers import format_decimal, format_percent, get_currency_symbol

from labelwatch.core.alert import Diagnosis
from labelwatch.core.period_report import amount as amount_of
from labelwatch.core.posting import TariffStep
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, after

_SIGN = {"RUB": "₽", "CNY": "¥"}
"""Signs that the seller's cabinet uses in every language; Babel would write RUB outside Russian."""
_NO_BREAK = "\u00a0"


def tariff(context: RenderContext, diagnosis: Diagnosis) -> str:
    """`After 18:44 (Moscow time) shipping costs 50 ₽ (1%) more.`; empty if no further step is known."""
    step, words = diagnosis.next_tariff, context.words.tariff
    if step is None or step.until is None:
        return ""
    amount = _amount(context, step)
    if not amount and step.kind not in ("discount", "no_discount"):
        return ""
    kind = step.kind if step.kind in words else "other"
    template = words[kind if amount else "no_discount"]
    return template.format(after=after(context, step.until), amount=amount)


def money(context: RenderContext, amount: Decimal, currency: str) -> str:
    """`1 200 ₽`, `50.50 ₽`: kopecks only if there are any."""
    pattern = "#,##0" if amount == amount.to_integral_value() else "#,##0.00"
    number = format_decimal(amount, pattern, locale=context.words.locale)
    sign = _SIGN.get(currency) or plain(get_currency_symbol(currency, locale=context.words.locale), 8)
    return _NO_BREAK.join(filter(None, (number, sign)))


def _amount(context: RenderContext, step: TariffStep) -> str:
    """`50 ₽ (1 %)`; one alone if the other is unknown; empty if nothing is to be paid."""
    charge, rate = amount_of(step.charge), Decimal(str(step.rate))
    charged = money(context, charge, step.currency) if charge else ""
    percent = format_percent(rate / 100, locale=context.words.locale, decimal_quantization=False) if rate else ""
    if charged and percent:
        return context.words.line.amount.format(charge=charged, rate=percent)
    return charged or percent
