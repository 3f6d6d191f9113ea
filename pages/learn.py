"""How does a VAE work? Twelve short lessons that run the real code."""

from __future__ import annotations

from ui.learn import listing, one, progress

lesson = progress.current()
progress.write_done()
if lesson is None:
    one.leave()
    listing.show()
else:
    one.show(lesson)
