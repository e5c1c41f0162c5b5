"""A dictionary with an upper bound."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatserver.store.cache import BoundedCache


class BoundedCacheTests(SynchronousTestCase):
    """The oldest go first."""

    def test_it_remembers(self) -> None:
        cache: BoundedCache[int, str] = BoundedCache(3)
        cache.put(1, "a")
        self.assertEqual(cache.get(1), "a")
        self.assertIsNone(cache.get(2))

    def test_the_oldest_goes_when_it_is_full(self) -> None:
        cache: BoundedCache[int, str] = BoundedCache(3)
        for key in range(5):
            cache.put(key, str(key))
        self.assertEqual([cache.get(key) for key in range(5)], [None, None, "2", "3", "4"])
        self.assertEqual(len(cache), 3)

    def test_a_new_value_for_a_known_key_pushes_none_out(self) -> None:
        cache: BoundedCache[int, str] = BoundedCache(2)
        cache.put(1, "a")
        cache.put(2, "b")
        cache.put(2, "c")
        self.assertEqual((cache.get(1), cache.get(2)), ("a", "c"))

    def test_it_can_forget_all(self) -> None:
        cache: BoundedCache[int, str] = BoundedCache(2)
        cache.put(1, "a")
        cache.clear()
        self.assertIsNone(cache.get(1))
        cache.put(1, "b")
        self.assertEqual(cache.get(1), "b")
