"""Values of the file that name a secret or depend on the program's surroundings; each raises Unfit."""

import binascii
import re
from base64 import b64decode

from pydantic import SecretStr, ValidationInfo

from labelwatch.config import values
from labelwatch.config.secret import Surroundings
from labelwatch.config.sentences import Unfit


def secret(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    return SecretStr(info.context.resolve(value))


def api_key(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    text = info.context.resolve(value)
    if re.search("[\"'`“”„«»‘’]", text):
        raise Unfit("quoted_key")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Unfit("api_key")
    return SecretStr(text)


def channel_url(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    text = info.context.resolve(value)
    problem = info.context.check_url(text)
    if problem and "授权码" in text:
        raise Unfit("authorization_code")
    if problem:
        raise Unfit("channel_url", problem=problem.replace(text, "(the URL)"))
    return SecretStr(text)


def api_base(value: object, info: ValidationInfo[Surroundings]) -> str:
    text = values.web_url(value)
    _check_way(info, api_base=text)
    return text


def proxy(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    text = info.context.resolve(value)
    _check_way(info, proxy=text)
    return SecretStr(text)


def signing_secret(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    """One or several secrets of the Standard Webhooks specification: `whsec_` and 24 to 64 bytes in base64."""
    text = info.context.resolve(value)
    url = info.data.get("url")
    if url is not None and not re.match(r"\s*jsons?://", url.get_secret_value(), re.IGNORECASE):
        raise Unfit("signing_url")
    if not text.split() or not all(map(_is_signing_secret, text.split())):
        raise Unfit("signing_secret")
    return SecretStr(text)


def _is_signing_secret(text: str) -> bool:
    kind, _, encoded = text.partition("_")
    try:
        return kind == "whsec" and 24 <= len(b64decode(encoded, validate=True)) <= 64
    except binascii.Error:
        return False


def _check_way(info: ValidationInfo[Surroundings], *, api_base: str = "", proxy: str = "") -> None:
    url = info.data.get("url")
    if url is None:  # invalid by itself, which is reported already
        return
    problem = info.context.check_way(url.get_secret_value(), api_base, proxy)
    if problem:
        raise Unfit("channel_way", problem=problem)


def ping_url(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    return SecretStr(values.web_url(info.context.resolve(value)))


def store_url(value: object, info: ValidationInfo[Surroundings]) -> SecretStr:
    return SecretStr(values.database_url(info.context.resolve(value), info.context.directory))
