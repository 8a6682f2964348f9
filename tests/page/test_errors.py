"""What goes wrong is said in one line, where it happens, and costs nothing that was there."""

import signal

import pytest

from browsing import DONE


def test_a_damaged_file_is_named_with_the_services_sentence(page, crop, tmp_path):
    (tmp_path / "broken.png").write_bytes(crop("whole.png").read_bytes()[:3000])
    shown = page()

    shown.open(tmp_path / "broken.png", until="#error:not([hidden])")

    assert shown.text("#error-text").startswith("broken.png: expected a whole PNG file, got a truncated or damaged one")
    assert shown.text("#verdict") == "Could not be restored"
    assert shown.tab.get_attribute("#error", "role") == "alert"
    shown.open(crop("whole.png"))
    assert shown.tab.is_hidden("#error")
    assert shown.tab.locator("#strip-list li").count() == 2


def test_a_file_that_is_no_image_is_refused(page, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    shown = page()

    shown.open(tmp_path / "notes.txt", until="#error:not([hidden])")

    assert "expected" in shown.text("#error-text")


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(page, crop, service, tmp_path):
    address, _ = service("--most-megabytes", "0.01")
    shown = page(at=address)

    shown.open(crop("large.png", shape=(300, 300)), until="#error:not([hidden])")

    assert "this service takes at most 10 KiB" in shown.text("#error-text")
    assert shown.tab.is_hidden("#error-retry")


def test_when_the_service_is_gone_nothing_is_lost(page, crop, service):
    address, process = service()
    shown = page(at=address)
    shown.open(crop("kept.png"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0

    shown.tab.click("#restore")

    shown.tab.wait_for_selector("#error:not([hidden])")
    assert shown.text("#error-text").startswith("The service does not answer.")
    assert shown.tab.is_visible("#error-retry")
    assert shown.tab.locator(DONE).count() == 1
    assert shown.tab.locator("#runs-body tr").count() == 2
    with shown.tab.expect_download() as coming:
        shown.tab.click("#download")
    assert coming.value.path().stat().st_size > 1000


def test_another_try_restores_once_the_service_is_back(page, crop):
    shown = page()
    shown.tab.route("**/v1/restore", lambda route: route.abort())
    shown.open(crop("later.png"), until="#error:not([hidden])")
    shown.tab.unroute("**/v1/restore")

    shown.tab.click("#error-retry")

    shown.tab.wait_for_selector(DONE)
    assert shown.tab.is_hidden("#error")


@pytest.mark.parametrize("status, sentence", [(503, "expected fewer images at once"), (500, "an error of the service")])
def test_a_refusal_is_shown_in_its_own_words_with_another_try(page, crop, status, sentence):
    shown = page()
    problem = {"status": status, "json": {"detail": sentence}}
    shown.tab.route("**/v1/restore", lambda route: route.fulfill(**problem))

    shown.open(crop("busy.png"), until="#error:not([hidden])")

    assert sentence in shown.text("#error-text")
    assert shown.tab.is_visible("#error-retry")


def test_work_can_be_stopped(page, crop):
    shown = page()
    shown.tab.route("**/v1/restore", lambda route: None)  # never answers
    shown.open(crop("slow.png"), until="#cancel")

    shown.tab.click("#cancel")

    shown.tab.wait_for_selector("#busy", state="hidden")
    assert shown.tab.is_enabled("#restore")
    assert shown.tab.is_hidden("#error")


def test_a_service_with_a_key_asks_for_it(page, crop, service, tmp_path):
    (tmp_path / "key").write_text("a key of many letters")
    address, _ = service("--api-key-file", str(tmp_path / "key"))
    shown = page(at=address, ready="#error:not([hidden])")

    shown.tab.fill("#error input", "a key of many letters")
    shown.tab.keyboard.press("Enter")
    shown.tab.wait_for_selector("#error", state="hidden")
    shown.open(crop("secret.png"))

    assert shown.text("#verdict") == "Restored"
