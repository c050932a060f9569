"""ozonapi-async and its models as a whole, with an ORM: every posting is merged into the session, a commit a page.

Its own limit of 27 requests a second is lifted, and like the naive way it is spared the disk.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiolimiter import AsyncLimiter
from ozonapi.seller import SellerAPI, SellerAPIConfig
from ozonapi.seller.schemas.fbs import PostingFBSUnfulfilledListFilter, PostingFBSUnfulfilledListRequest
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.bench.contestants import database
from tests.bench.world import milliseconds


class _Base(DeclarativeBase):
    pass


class _Posting(_Base):
    __tablename__ = "posting"
    number: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    substatus: Mapped[str]
    tracking: Mapped[str]
    cutoff: Mapped[int]


class _Unlimited:
    def __init__(self) -> None:
        self.instance_limiter = self.client_limiter = AsyncLimiter(1_000_000, 1)


class Models:
    """Its event loop lives as long as the contestant, since its connections do."""

    def __init__(self, port: int, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        config = SellerAPIConfig(base_url=f"http://127.0.0.1:{port}")
        self._api = SellerAPI("1", "key", config=config)
        self._api._rate_limiter = _Unlimited()
        self._engine = create_engine(f"sqlite:///{database(folder)}")
        event.listen(self._engine, "connect", _set_up)
        _Base.metadata.create_all(self._engine)

    def poll(self) -> int:
        return self._loop.run_until_complete(self._poll())

    def facts(self) -> Iterable[tuple[object, ...]]:
        columns = (_Posting.number, _Posting.status, _Posting.substatus, _Posting.tracking, _Posting.cutoff)
        with Session(self._engine) as session:
            return [tuple(row) for row in session.execute(select(*columns).order_by(_Posting.number))]

    def close(self) -> None:
        self._loop.run_until_complete(self._api.close())
        self._loop.close()
        self._engine.dispose()

    async def _poll(self) -> int:
        question = PostingFBSUnfulfilledListRequest(cursor="", limit=100, filter=PostingFBSUnfulfilledListFilter())
        changed = 0
        while True:
            page = await self._api.posting_fbs_unfulfilled_list(question)
            changed += self._save(page.postings)
            if not page.has_next:
                return changed
            question = question.model_copy(update={"cursor": page.cursor})

    def _save(self, postings: list[Any]) -> int:
        with Session(self._engine, autoflush=False) as session:
            for posting in postings:
                session.merge(_entity(posting))
            changed = len(session.new) + sum(map(session.is_modified, session.dirty))
            session.commit()
            return changed


def _entity(posting: Any) -> _Posting:
    return _Posting(
        number=posting.posting_number,
        status=posting.status,
        substatus=posting.substatus,
        tracking=posting.tracking_number,
        cutoff=milliseconds(posting.shipment_date),
    )


def _set_up(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")
