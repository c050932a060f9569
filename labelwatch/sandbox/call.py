"""A request that may be answered: what it is about, and the posting it names."""

from dataclasses import dataclass

from labelwatch.sandbox.labels import LabelDesk
from labelwatch.sandbox.shelf import Record, Shelf
from labelwatch.sandbox.shops import Body, Shop
from labelwatch.sandbox.wire import not_found
from labelwatch.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The world as of now, the shop that asks, and the body of its request."""

    world: World
    desk: LabelDesk
    shop: Shop
    body: Body

    @property
    def shelf(self) -> Shelf:
        return self.world.shelves[self.shop.client_id]

    def record(self) -> Record:
        """The posting the request names; refused if the shop has none of that number."""
        number = str(self.body.get("posting_number", ""))
        record = self.shelf.records.get(number)
        if record is None:
            raise not_found(f'Unknown posting number "{number}"')
        return record
