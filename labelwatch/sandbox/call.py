"""An authenticated request, and the posting that it names."""

from dataclasses import dataclass

from labelwatch.sandbox.http import not_found
from labelwatch.sandbox.labels import LabelTasks
from labelwatch.sandbox.posting_index import PostingIndex, Record
from labelwatch.sandbox.shops import Body, Shop
from labelwatch.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The world as of now, the shop of the request, and its body."""

    world: World
    delivery: LabelTasks
    shop: Shop
    body: Body

    @property
    def index(self) -> PostingIndex:
        return self.world.shelves[self.shop.client_id]

    def record(self) -> Record:
        """The posting the request names; refused if the shop has none of that number."""
        number = str(self.body.get("posting_number", ""))
        record = self.index.records.get(number)
        if record is None:
            raise not_found(f'Unknown posting number "{number}"')
        return record
