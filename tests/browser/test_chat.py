"""Two browsers chat with each other, and with somebody who has none."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

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


def test_friends_are_seen_to_come_and_go(server: WebServer, open_page: OpenPage) -> None:
    ann, bob = open_page(server), server.talker()
    ann.register("Anna")
    ann.begin("friend", bob.id)
    ann.wait_equal(lambda: ann.count(".conversations .dot.online"), 1)
    assert ann.text(".heading p") == "online"
    bob.close()
    ann.wait_equal(lambda: ann.count(".conversations .dot.offline"), 1)
    ann.wait_equal(lambda: ann.text(".heading p"), "offline")
    bob.come_back()
    ann.wait_equal(lambda: ann.count(".conversations .dot.online"), 1)


def test_groups_are_created_joined_and_looked_at(server: WebServer, open_page: OpenPage) -> None:
    ann, bob = open_page(server), open_page(server)
    ann.register("Annika")
    bob.register("Bobby")
    ann.find(".sidebar header .round").click()
    ann.find("dialog form:last-of-type input").send_keys("Tea", Keys.TAB, "every day", Keys.ENTER)
    ann.wait_equal(lambda: ann.text(".heading h2"), "Tea")
    group = int(ann.js("return location.hash").removeprefix("#g"))
    ann.write("nobody here yet")
    ann.wait_texts("nobody here yet")
    bob.begin("join", group)
    bob.write("Hello")
    # What was said before one joined is not for one's eyes.
    bob.wait_texts("Hello")
    ann.wait_texts("nobody here yet", "Hello")
    assert ann.text(".theirs .sender") == "Bobby"
    bob.find(".conversation header button.round").click()
    assert bob.find("dialog .description").text == "every day"
    members = bob.use().find_elements("css selector", "dialog .members button")
    assert ["Annika" in members[0].text, "Bobby" in members[1].text] == [True, True]
    members[0].click()
    bob.wait_equal(lambda: bob.text(".heading h2"), "Annika")


def test_a_group_that_was_joined_on_another_device_gets_its_name(
    server: WebServer, open_page: OpenPage
) -> None:
    desk, phone, bob = open_page(server), open_page(server), server.talker()
    desk.register("Nora")
    phone.log_in("Nora")
    group = bob.create_group("Far and wide")
    desk.begin("join", group)
    bob.tell_group(group, "welcome")
    phone.wait_equal(lambda: phone.text(".conversations .title"), "Far and wide")
    phone.open(f"g{group}")
    phone.wait_texts("welcome")
    assert phone.text(".heading p") == "2 members"


def test_what_was_not_finished_waits_for_its_writer(server: WebServer, open_page: OpenPage) -> None:
    page, bob, carl = open_page(server), server.talker(), server.talker()
    page.register("Dan")
    page.open(f"u{bob.id}")
    page.find(".composer textarea").send_keys("half a sen")
    page.open(f"u{carl.id}")
    draft = "return document.querySelector('.composer textarea').value"
    page.wait_equal(lambda: page.js(draft), "")
    page.visit(f"u{bob.id}")
    page.wait_equal(lambda: page.js(draft), "half a sen")


def test_notifications_come_once_they_are_wanted_and_nobody_looks(
    server: WebServer, open_page: OpenPage
) -> None:
    script = """
    window.shown = [];
    window.Notification = class {
      static permission = 'default';
      static async requestPermission() { return (this.permission = 'granted'); }
      constructor(title, { body, tag }) { shown.push([title, body, tag]); }
    };
    let isHidden = false;
    Object.defineProperty(document, 'hidden', { get: () => isHidden });
    window.hide = (hidden) => {
      isHidden = hidden;
      document.dispatchEvent(new Event('visibilitychange'));
    };
    """
    page, bob = open_page(server, first=script), server.talker()
    page.register("Nina")
    page.js("hide(true)")
    bob.tell(page.id, "not wanted yet")
    page.wait(lambda: page.driver.title.startswith("(1)"))
    page.js("hide(false)")
    page.find(".me").click()
    page.find("#notifications").click()
    page.press(Keys.ESCAPE)
    bob.tell(page.id, "seen anyway")
    page.wait(lambda: page.driver.title.startswith("(2)"))
    page.js("hide(true)")
    bob.tell(page.id, "come here")
    page.wait(lambda: page.driver.title.startswith("(3)"))
    assert page.js("return shown") == [[bob.name, "come here", f"u{bob.id}"]]


def test_what_came_is_acknowledged_once_it_is_noted(server: WebServer, open_page: OpenPage) -> None:
    script = """
    window.acknowledged = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
      const { msgid, seq } = JSON.parse(text);
      const noted = Object.keys(localStorage).filter((key) => key.includes(' got ')).length;
      if (msgid === 12) acknowledged.push([seq, noted]);
      send.call(this, text);
    };
    """
    page, bob = open_page(server, first=script), server.talker()
    page.register("Ada")
    for text in ("one", "two", "three"):
        bob.tell(page.id, text)
    page.wait(lambda: [3, 1] in page.js("return acknowledged"))
    page.visit(f"u{bob.id}")
    page.wait_texts("one", "two", "three")
