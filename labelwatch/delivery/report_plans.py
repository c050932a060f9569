"""What the configuration says of reports: which channel gets which, and when."""

from collections.abc import Iterator

from labelwatch.config import Config, Group
from labelwatch.core.policy import Destination
from labelwatch.core.visibility import OF_NO_SHOP
from labelwatch.delivery.reports import ReportPlan


def report_plans(config: Config) -> list[ReportPlan]:
    """One plan for each channel and group that it belongs to; for a channel of no group, one over all of its shops. A
    channel that is told of no shop has none."""
    return [plan for to in config.destinations() for plan in _plans_of(config, to)]


def _plans_of(config: Config, to: Destination) -> Iterator[ReportPlan]:
    enabled = [shop.name for shop in config.shops if shop.enabled and (not to.shops or shop.name in to.shops)]
    if to.shops == OF_NO_SHOP or not enabled:
        return
    groups = [group for group in config.groups if to.name in group.channels]
    for group in groups:
        shops = tuple(shop for shop in enabled if shop in group.shops)
        if shops:
            yield _plan(config, to, group, shops)
    if not groups:
        yield _plan(config, to, None, tuple(enabled))


def _plan(config: Config, to: Destination, group: Group | None, shops: tuple[str, ...]) -> ReportPlan:
    return ReportPlan(
        to=to,
        group=group.name if group else "",
        shops=shops,
        language=(group.language if group else None) or to.language,
        weekly=config.report.weekly,
        daily=config.report.daily,
    )
