"""Two browsers chat with each other, and with somebody who has none."""

from __future__ import annotations

from tests.browser.conftest import OpenPage, WebServer


def test_two_browsers_and_a_tcp_client_chat(server: WebServer, open_page: OpenPage) -> None:
    ann, bob, carl = open_page(server), open_page(server), server.talker()
    ann_id, bob_id = ann.register("Ann"), bob.register("李雷")
    ann.open(f"u{bob_id}")
    ann.write("Hello 李雷 😀")
    bob.open(f"u{ann_id}")
    bob.wait_texts("Hello 李雷 😀")
    bob.write("下午好")
    ann.wait_log(("mine", "sent", "Hello 李雷 😀"), ("theirs", "sent", "下午好"))

    carl.tell(ann_id, "from afar")
    ann.open(f"u{carl.id}")
    ann.wait_texts("from afar")
    ann.write("I hear you")
    assert carl.hears() == "I hear you"
