"""A Telegram on 127.0.0.1: it keeps chats and messages, reads markup strictly, polls long, and fails as it is told.

with FakeTelegram() as telegram:
    telegram.next(too_many(3), page(502))          # how the next questions of anybody are answered
    channel = open_channel(telegram.url("-1001"), api_base=telegram.base)
    telegram.said("-1001")                         # what stands in the chat now
    telegram.press("-1001", 1, "ack", who=NINA)    # somebody presses a button
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.telegram_markup import Entity, MarkupError, Reading, clickable, read, units
from tests.support.telegram_wire import Act, Said, bad, good, normal, serve

TOKEN = "2718281828:AA-invented_for_these_tests-4711"
NAME = "label_watch_bot"
NINA = {"id": 7001, "is_bot": False, "first_name": "Nina", "last_name": "Petrova", "language_code": "ru"}


@dataclass
class Sent:
    """One message in a chat, as it stands now."""

    chat: str
    id: int
    text: str
    entities: list[Entity]
    markup: str
    """As it was handed over, tags and all."""
    bot: str
    topic: int | None = None
    answers: int | None = None
    silent: bool = False
    buttons: list[list[dict[str, str]]] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)
    """The texts it had before."""
    document: tuple[str, bytes] | None = None

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]

    @property
    def clickable(self) -> list[str]:
        """What Telegram makes clickable by itself, outside the buttons."""
        return clickable(Reading(self.text, self.entities))

    @property
    def keys(self) -> set[str]:
        return {button["callback_data"].partition(":")[2] for row in self.buttons for button in row}


class FakeTelegram:
    """All bots, all chats. Its tables may be read and written by a test; `lock` guards them in a storm.

    `second` is how long a second of long polling takes.
    """

    def __init__(self, *, second: float = 1.0) -> None:
        self.lock = threading.RLock()
        self.chats: dict[str, list[Sent]] = defaultdict(list)
        self.titles: dict[str, str] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        """Chats to which nothing can be sent: chat -> (code, description)."""
        self.moved: dict[str, str] = {}
        """Groups that became supergroups: old id -> new id."""
        self.unknown_tokens: set[str] = set()
        self.webhooks: set[str] = set()
        """Tokens whose updates go to a webhook."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every question: (method, its parameters)."""
        self.toasts: dict[str, str] = {}
        """By the id of a press: what its button answered."""
        self.acts: deque[tuple[str, Act]] = deque()
        self.updates = _Updates(second)
        self._quiet_until: dict[str, float] = {}
        self._presses = 0
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    # --- what a test sets up and looks at

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def url(self, chat: str, *, token: str = TOKEN, more: str = "") -> str:
        return f"tgram://{token}/{chat}{more}"

    def said(self, chat: str) -> list[Sent]:
        """The messages of a chat in order."""
        with self.lock:
            return list(self.chats[chat])

    def asked(self, method: str) -> list[dict[str, Any]]:
        with self.lock:
            return [fields for name, fields in self.calls if name == method]

    def next(self, *acts: Act, of: str = "") -> None:
        """How the next questions are answered, each once; `of` waits for those of one method."""
        with self.lock:
            self.acts.extend((of, act) for act in acts)

    def flood(self, seconds: float, token: str = TOKEN) -> None:
        """Answer everything this bot sends with 429 for so long."""
        self._quiet_until[token] = time.monotonic() + seconds

    def press(
        self, chat: str, message: int, verb: str, *, who: Mapping[str, Any] = NINA, data: str | None = None
    ) -> str:
        """Somebody presses a button below a message; returns the id of the press. `data` stands for any content."""
        with self.lock:
            pressed = next(sent for sent in self.chats[chat] if sent.id == message)
            offered = [b["callback_data"] for row in pressed.buttons for b in row]
            content = data if data is not None else next(one for one in offered if one.startswith(f"{verb}:"))
            self._presses += 1
            query = {
                "id": str(self._presses),
                "from": dict(who),
                "message": self._shown(pressed),
                "chat_instance": "1",
                "data": content,
            }
        self.updates.add(pressed.bot, {"callback_query": query})
        return str(query["id"])

    def write(self, chat: Mapping[str, Any], *, token: str = TOKEN, **more: Any) -> None:
        """Somebody writes to a bot from this chat."""
        self.updates.add(token, {"message": {"message_id": 1, "chat": dict(chat), "text": "hi", **more}})

    def wait_for_toast(self, press: str, *, within: float = 5.0) -> str:
        """What the button answered; a KeyError when it says nothing in time."""
        until = time.monotonic() + within
        while press not in self.toasts and time.monotonic() < until:
            time.sleep(0.01)
        return self.toasts[press]

    # --- its life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; after `stop` again at the same port."""
        self._server = serve(self.answer, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more; what was sent is kept."""
        assert self._server is not None
        self.updates.release()
        self._server.shutdown()
        self._server.server_close()

    # --- the Bot API

    def answer(self, token: str, method: str, fields: dict[str, Any]) -> Said:
        with self.lock:
            self.calls.append((method, fields))
            waiting = next((one for one in self.acts if one[0] in ("", method)), None)
            if waiting is not None:
                self.acts.remove(waiting)
        act = waiting[1] if waiting else normal
        return act(lambda: self._done(token, method, fields))

    def _done(self, token: str, method: str, fields: dict[str, Any]) -> Said:
        if token in self.unknown_tokens:
            return bad(401, "Unauthorized")
        left = self._quiet_until.get(token, 0) - time.monotonic()
        if left > 0 and method != "getUpdates":
            return bad(429, "Too Many Requests", retry_after=int(left) + 1)
        if method == "getUpdates":
            if token in self.webhooks:
                return bad(409, "Conflict: can't use getUpdates method while webhook is active")
            return self.updates.wait(token, fields)
        methods = {
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "sendDocument": self._send_document,
            "answerCallbackQuery": self._answer_press,
            "getMe": self._me,
            "getChat": self._tell_of_chat,
        }
        if method not in methods:
            return bad(404, "Not Found")
        with self.lock:
            return methods[method](token, fields)

    def _closed(self, fields: dict[str, Any]) -> Said | None:
        chat = str(fields.get("chat_id", ""))
        if chat in self.moved:
            to = int(self.moved[chat])
            return bad(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=to)
        if chat in self.refusals:
            return bad(*self.refusals[chat])
        answers = fields.get("reply_parameters") or {}
        known = {sent.id for sent in self.chats[chat]}
        if answers and answers["message_id"] not in known and not answers.get("allow_sending_without_reply"):
            return bad(400, "Bad Request: message to be replied not found")
        return None

    def _send(self, token: str, fields: dict[str, Any]) -> Said:
        content = _content(fields)
        problem = self._closed(fields) or (content if isinstance(content, Said) else None)
        if problem is not None or isinstance(content, Said):
            return problem or bad(400, "Bad Request")
        text, entities, buttons = content
        return good(self._shown(self._kept(token, fields, text, entities=entities, buttons=buttons)))

    def _send_document(self, token: str, fields: dict[str, Any]) -> Said:
        problem = self._closed(fields)
        if problem is None and "document" not in fields:
            problem = bad(400, "Bad Request: there is no document in the request")
        if problem is not None:
            return problem
        return good(self._shown(self._kept(token, fields, "", document=fields["document"])))

    def _kept(self, token: str, fields: dict[str, Any], text: str, **more: Any) -> Sent:
        chat = str(fields["chat_id"])
        answers = (fields.get("reply_parameters") or {}).get("message_id")
        sent = Sent(
            chat=chat,
            id=len(self.chats[chat]) + 1,
            text=text,
            entities=more.get("entities", []),
            markup=fields.get("text", ""),
            bot=token,
            topic=fields.get("message_thread_id"),
            answers=answers if answers in {other.id for other in self.chats[chat]} else None,
            silent=bool(fields.get("disable_notification")),
            buttons=more.get("buttons", []),
            document=more.get("document"),
        )
        self.chats[chat].append(sent)
        return sent

    def _edit(self, token: str, fields: dict[str, Any]) -> Said:
        problem = self._closed(fields)
        if problem is not None:
            return problem
        known = [sent for sent in self.chats[str(fields["chat_id"])] if sent.id == fields["message_id"]]
        if not known:
            return bad(400, "Bad Request: message to edit not found")
        if known[0].bot != token:
            return bad(400, "Bad Request: message can't be edited")
        content = _content(fields)
        if isinstance(content, Said):
            return content
        text, entities, buttons = content
        if (text, entities, buttons) == (known[0].text, known[0].entities, known[0].buttons):
            return bad(400, "Bad Request: message is not modified: its content and reply markup are the same")
        known[0].edits.append(known[0].text)
        known[0].text, known[0].entities, known[0].buttons = text, entities, buttons
        known[0].markup = fields["text"]
        return good(self._shown(known[0]))

    def _me(self, token: str, fields: dict[str, Any]) -> Said:
        return good({"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "W", "username": NAME})

    def _tell_of_chat(self, token: str, fields: dict[str, Any]) -> Said:
        return self._closed(fields) or good(self._chat(str(fields["chat_id"])))

    def _answer_press(self, token: str, fields: dict[str, Any]) -> Said:
        press = str(fields.get("callback_query_id"))
        if press in self.toasts or not press.isdecimal() or int(press) > self._presses:
            return bad(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if units(fields.get("text", "")) > 200:
            return bad(400, "Bad Request: MESSAGE_TOO_LONG")
        self.toasts[press] = fields.get("text", "")
        return good(True)

    def _shown(self, sent: Sent, *, is_quoted: bool = False) -> dict[str, Any]:
        """A message as Telegram shows it to a bot."""
        shown: dict[str, Any] = {"message_id": sent.id, "date": 1795442880, "text": sent.text}
        shown["chat"] = self._chat(sent.chat)
        shown["entities"] = [asdict(entity) for entity in sent.entities]
        if sent.buttons:
            shown["reply_markup"] = {"inline_keyboard": sent.buttons}
        if sent.topic is not None:
            shown |= {"message_thread_id": sent.topic, "is_topic_message": True}
        if sent.answers is not None and not is_quoted:
            shown["reply_to_message"] = self._shown(self.chats[sent.chat][sent.answers - 1], is_quoted=True)
        return shown

    def _chat(self, name: str) -> dict[str, Any]:
        """A chat as Telegram shows it to a bot."""
        kind = "private" if name.isdecimal() else "supergroup"
        chat: dict[str, Any] = {"id": int(name), "type": kind} if name.lstrip("-").isdecimal() else {}
        if name.startswith("@"):
            chat = {"id": -1009999, "type": "channel", "username": name[1:]}
        return chat | ({"title": self.titles[name]} if name in self.titles else {})


class _Updates:
    """What each bot has yet to hear, long polling with offsets, and one listener a bot."""

    def __init__(self, second: float) -> None:
        self.second = second
        self.changed = threading.Condition()
        self.waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.listeners: dict[str, int] = defaultdict(int)
        self.number = 645_000_000
        self.is_over = False

    def add(self, token: str, update: dict[str, Any]) -> None:
        with self.changed:
            self.number += 1
            self.waiting[token].append({"update_id": self.number, **update})
            self.changed.notify_all()

    def release(self) -> None:
        """Let everybody who waits go."""
        with self.changed:
            for token in self.listeners:
                self.listeners[token] += 1
            self.changed.notify_all()

    def wait(self, token: str, fields: dict[str, Any]) -> Said:
        offset, most = int(fields.get("offset", 0)), int(fields.get("limit", 100))
        with self.changed:
            self.listeners[token] += 1
            me = self.listeners[token]
            self.changed.notify_all()
            self.waiting[token] = [update for update in self.waiting[token] if update["update_id"] >= offset]
            self.changed.wait_for(
                lambda: self.waiting[token] or self.listeners[token] != me,
                self.second * float(fields.get("timeout", 0)),
            )
            if self.listeners[token] != me:
                return bad(409, "Conflict: terminated by other getUpdates request")
            return good(self.waiting[token][:most])


def _content(fields: dict[str, Any]) -> tuple[str, list[Entity], list[list[dict[str, str]]]] | Said:
    """The text, its forms and the buttons of a message, or why Telegram takes none of it."""
    try:
        markup = str(fields.get("text", ""))
        reading = read(markup) if fields.get("parse_mode") == "HTML" else None
    except MarkupError as error:
        return bad(400, f"Bad Request: can't parse entities: {error}")
    text = (reading.text if reading else markup).strip()
    buttons = (fields.get("reply_markup") or {}).get("inline_keyboard", [])
    if not text:
        return bad(400, "Bad Request: message text is empty")
    if units(text) > 4096:
        return bad(400, "Bad Request: message is too long")
    if any(not 1 <= len(button["callback_data"].encode()) <= 64 for row in buttons for button in row):
        return bad(400, "Bad Request: BUTTON_DATA_INVALID")
    return text, reading.entities if reading else [], buttons
