#!/usr/bin/python3
"""A small GTK program, spoken to by lines on its standard input; answers one line each.

  copy TEXT        puts TEXT on the clipboard
  copy-image       puts a picture of 8x8 there; its pixels as base64
  paste TARGET     what the clipboard has for TARGET, as base64; "nothing" when it has not
  paste-image      the pixels of the picture on the clipboard, as base64; or "nothing"
  open PATH        reads a file as one that is attached; "read N", or "error" and why
  quit
"""

import base64
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GdkPixbuf, Gio, GLib, Gtk  # noqa: E402

clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)


def pixels(image):
    return base64.b64encode(image.get_pixels()).decode()


def answer(line):
    word, _, rest = line.partition(" ")
    if word == "copy":
        clipboard.set_text(rest, -1)
        return "copied"
    if word == "copy-image":
        data = bytes(range(192))
        image = GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, False, 8,
                                                8, 8, 24)
        clipboard.set_image(image)
        return pixels(image)
    if word == "paste":
        contents = clipboard.wait_for_contents(Gdk.Atom.intern(rest, False))
        data = contents.get_data() if contents is not None else None
        return base64.b64encode(data).decode() if data else "nothing"
    if word == "paste-image":
        image = clipboard.wait_for_image()
        return pixels(image) if image is not None else "nothing"
    if word == "open":
        try:
            _, data, _ = Gio.File.new_for_path(rest).load_contents(None)
            return f"read {len(data)}"
        except GLib.Error as error:
            return f"error {error.message}"
    return "not understood"


def on_line(_source, _condition):
    line = sys.stdin.readline().rstrip("\n")
    if line in ("", "quit"):
        Gtk.main_quit()
        return False
    print(answer(line), flush=True)
    return True


def main():
    window = Gtk.Window(title=sys.argv[1])
    window.set_default_size(300, 100)
    window.add(Gtk.TextView())
    window.show_all()
    window.connect("map-event", lambda *_: print("ready", flush=True))
    GLib.io_add_watch(sys.stdin, GLib.IO_IN, on_line)
    Gtk.main()


if __name__ == "__main__":
    main()
