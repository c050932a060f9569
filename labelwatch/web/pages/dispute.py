"""`/dispute/<number>`: the pack for a dispute about one posting as a file, HTML or (?zip) a ZIP."""

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.messages.dispute import as_html, as_zip, safe
from labelwatch.messages.plain import plain
from labelwatch.web.page import app_of, reader_of, respond


def page(request: Request) -> Response:
    """A file to keep: the board's own pages allow no style within a document."""
    app, reader, number = app_of(request), reader_of(request), request.path_params["number"]
    shop = request.query_params.get("shop", "")
    pack = next((one for one in app.queries.dispute_packs(number) if shop in ("", one.shop)), None)
    if pack is None:
        return respond(request, "trouble.html", status=404, key="no_posting", detail=plain(number))
    how = {"language": reader.language, "zone": reader.context.zone.key}
    if "zip" in request.query_params:
        return _file(as_zip(pack, **how), f"dispute-{safe(number)}.zip", "application/zip")
    return _file(as_html(pack, **how).encode(), f"dispute-{safe(number)}.html", "text/html; charset=utf-8")


def _file(content: bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
