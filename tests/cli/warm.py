"""What the server that commands are forked from has done before: read every module, every text and every table of
them, which else each command would do again."""

import gc
from functools import partial
from importlib import import_module
from pkgutil import walk_packages

import alembic.command
import alembic.config  # noqa: F401
from babel import Locale

import labelwatch
from labelwatch.channels import check_url
from labelwatch.cli import words as cli_words
from labelwatch.config import sentences
from labelwatch.i18n import sentences as own_sentences
from labelwatch.messages import catalog
from labelwatch.net.tls import trusted
from labelwatch.web import words as web_words

for module in walk_packages(labelwatch.__path__, "labelwatch."):
    if not module.name.startswith(("labelwatch.__main__", "labelwatch.migrations")):
        import_module(module.name)
for language in ("en", "ru", "zh"):
    for read in (
        cli_words.words,
        sentences.catalog,
        catalog.catalog,
        partial(own_sentences, name="channels"),
        web_words.words,
    ):
        read(language)
    Locale.parse(language)._data.keys()
trusted({})
check_url("json://127.0.0.1/")  # makes Apprise read all of its services
gc.freeze()  # so that a child need not copy all of that to look through it
