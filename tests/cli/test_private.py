"""A channel whose server has a name in a private network says what to write, and works once that is written."""

from tests.messages.test_private import NAME, REFUSED
from tests.support.place import Place

TABLE = '\n[[channel]]\nname = "nas"\nurl = "json://{name}:{port}/hook-s3cret-token"\n{more}'


def test_what_to_write_is_said_by_every_command_that_tries_a_channel(place: Place) -> None:
    place.configure(TABLE.format(name=NAME, port=place.hook.port, more=""))
    assert place.run("poll").code == 1
    for call in (("test-alert", "--channel", "nas"), ("check", "--online"), ("doctor",)):
        ended = place.run(*call)
        assert ended.code != 0, call
        assert "allow_private = true" in ended.out, call
        assert REFUSED in " ".join(ended.out.split()), call
    assert not came_by_name(place)
    place.configure(TABLE.format(name=NAME, port=place.hook.port, more="allow_private = true\n"))
    assert place.run("test-alert", "--channel", "nas").code == 0
    assert came_by_name(place)


def came_by_name(place: Place) -> list[str]:
    return [line for one in place.hook.requests if (line := one.headers["host"]).startswith(NAME)]
