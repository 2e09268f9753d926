"""A GitHub on loopback, as far as Farflow uses GitHub: git over HTTP, signed webhooks, and the few REST endpoints it calls.

It behaves as api.github.com does where the vendor documents it; each file names the page that it follows. What
Farflow does not call is not here. `/_local/…` is its own: settings, faults and what a person would do in the browser.
"""
