#!/usr/bin/python3
"""Drives a LibreOffice that listens on a pipe (argument 1), by lines; answers one line of JSON each.

  copy-cells     two cells, the first one bold, and copied
  paste-cells    pasted into a new spreadsheet: [[text, weight], …] of the same two
  copy-text      a bold word in a new text document, copied
  paste-text     pasted into a new text document: [text, weight]
  quit
"""

import json
import sys
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

CELLS = ("季度 总结", "007")  # which is another number where it is not text
WORD = "Quarterly summary"
BOLD = 150.0


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    end = time.monotonic() + 90
    while True:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class Office:
    def __init__(self, pipe):
        context = connect(pipe)
        self.manager = context.ServiceManager
        self.desktop = self.manager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        self.dispatcher = self.manager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", context)
        self.open = []

    def new(self, kind):
        document = self.desktop.loadComponentFromURL(f"private:factory/{kind}", "_blank", 0, ())
        self.open.append(document)
        return document

    def do(self, document, command, **arguments):
        values = tuple(PropertyValue(Name=name, Value=value) for name, value in arguments.items())
        self.dispatcher.executeDispatch(document.CurrentController.Frame, command, "", 0, values)

    def copy_cells(self, texts=CELLS):
        document = self.new("scalc")
        sheet = document.Sheets.getByIndex(0)
        for column, text in enumerate(texts):
            sheet.getCellByPosition(column, 0).String = text
        sheet.getCellByPosition(0, 0).CharWeight = BOLD
        document.CurrentController.select(sheet.getCellRangeByPosition(0, 0, len(texts) - 1, 0))
        self.do(document, ".uno:Copy")
        return "copied"

    def paste_cells(self):
        document = self.new("scalc")
        self.do(document, ".uno:Paste")
        sheet = document.Sheets.getByIndex(0)
        cells = [sheet.getCellByPosition(column, 0) for column in (0, 1)]
        return [[cell.String, cell.CharWeight] for cell in cells]

    def copy_text(self):
        document = self.new("swriter")
        cursor = document.Text.createTextCursor()
        cursor.CharWeight = BOLD
        document.Text.insertString(cursor, WORD, False)
        self.do(document, ".uno:SelectAll")
        self.do(document, ".uno:Copy")
        return "copied"

    def paste_text(self):
        document = self.new("swriter")
        self.do(document, ".uno:Paste")
        cursor = document.Text.createTextCursor()
        cursor.gotoEnd(True)
        return [document.Text.String.strip(), cursor.CharWeight]


def main():
    office = Office(sys.argv[1])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "quit":
            break
        if word == "copy-cells" and rest:
            result = office.copy_cells(rest.split("\t"))
        else:
            result = {"copy-cells": office.copy_cells, "paste-cells": office.paste_cells,
                      "copy-text": office.copy_text, "paste-text": office.paste_text}[word]()
        print(json.dumps(result), flush=True)
    office.desktop.terminate()


if __name__ == "__main__":
    main()
