"""The documents as HTML and PDF, from the Markdown of ``docs``: ``python3 dev.py docs [NAME …]``, into ``dist/docs``.

One reading of each page, written twice: as HTML that needs nothing beside it but its pictures, and by the typst that
sets the company's papers, with its fonts.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OUT = ROOT / "dist" / "docs"
FONTS = ROOT / "resources" / "fonts"
_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.55 "Noto Sans", "Segoe UI", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, h3 { line-height: 1.25 } h2 { margin-top: 2.2em; border-bottom: 1px solid #8886; padding-bottom: .2em }
pre { background: #8881; padding: .8em 1em; overflow-x: auto; border-radius: 6px }
code { font: .88em "Noto Sans Mono", monospace }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid #8886; padding: .35em .6em; text-align: left;
 vertical-align: top } img { max-width: 100% } nav a { display: block } a { color: #1d63c4 }
@media (prefers-color-scheme: dark) { a { color: #7fb0f5 } }
"""
_PAGE = """
#set page(paper: "a4", margin: (x: 2cm, y: 2.2cm), numbering: "1 / 1")
#set text(font: ("Noto Sans", "Noto Sans Arabic"), size: 9.5pt, lang: "fr")
#set par(leading: 0.62em)
#show raw: set text(font: ("Noto Sans Mono", "Noto Sans Arabic"), size: 8pt)
#show raw.where(block: true): it => block(fill: luma(244), inset: 7pt, radius: 3pt, width: 100%, it)
#show heading: set block(above: 1.5em, below: 0.8em)
#show link: set text(fill: rgb("#1d63c4"))
#set table(stroke: 0.4pt + luma(170), inset: 5pt)
#show table: set text(size: 8pt)
#show table: set par(justify: false)
#let widths(shares, words) = {
  let least = words.map(held => calc.max(..held.map(word => measure(text(size: 8pt, word)).width)) + 11pt)
  let left = 17cm
  let open = range(shares.len())
  let found = least
  while open.len() > 0 {
    let sum = open.map(n => shares.at(n)).sum()
    let narrow = open.filter(n => left * shares.at(n) / sum < least.at(n))
    if narrow.len() == 0 {
      for n in open { found.at(n) = left * shares.at(n) / sum }
      break
    }
    // No table here comes to this: narrower than its words together, it would leave the page.
    assert(left > 0pt)
    left -= narrow.map(n => least.at(n)).sum()
    open = open.filter(n => n not in narrow)
  }
  found
}
"""


def read(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def title(tokens: list[Token]) -> str:
    return next(t.content for before, t in itertools.pairwise(tokens) if before.type == "heading_open")


def as_html(tokens: list[Token]) -> str:
    """A whole page, with its table of contents; links to other documents lead to their pages."""
    parser, contents = MarkdownIt("commonmark").enable("table"), []
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", f"s{n}")
            if token.tag == "h2":
                contents.append(f'<a href="#s{n}">{html.escape(tokens[n + 1].content)}</a>')
        for part in token.children or ():
            where = str(part.attrGet("href") or "")
            if where.partition("#")[0].endswith(".md") and "//" not in where:
                part.attrSet("href", where.replace(".md", ".html"))
    body = parser.renderer.render(tokens, parser.options, {})
    return ('<!DOCTYPE html>\n<html lang="fr"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(title(tokens))}</title><style>{_STYLE}</style>\n<nav>{''.join(contents)}</nav>\n"
            f"{body}</html>\n")  # fmt: skip


def _text(words: str) -> str:
    """Exactly these characters: nothing in them is markup."""
    return f"#{json.dumps(words, ensure_ascii=False)};"


def _code(words: str) -> list[str]:
    """Names too long for a column, in pieces after each of which a line may end."""
    return re.split(r"(?<=_)", words) if re.search(r"\w{24,}", words) else [words]


def _raw(words: str) -> str:
    return f"#raw({json.dumps(words, ensure_ascii=False)});"


def _inline(parts: Iterable[Token]) -> str:
    found = []
    for part in parts:
        match part.type:
            case "text":
                found.append(_text(part.content))
            case "code_inline":
                # Not a character: who copies a name copies nothing else.
                found.append("#box();".join(map(_raw, _code(part.content))))
            case "html_inline":
                continue
            case "softbreak":
                found.append(_text(" "))
            case "hardbreak":
                found.append("#linebreak();")
            case "strong_open":
                found.append("#strong[")
            case "em_open":
                found.append("#emph[")
            case "link_open":
                where = str(part.attrGet("href")).replace(".md", ".pdf")
                found.append(f"#link({json.dumps(where)})[" if "//" in where else "#[")
            case "strong_close" | "em_close" | "link_close":
                found.append("];")
            case "image":
                found.append(f"#image({json.dumps('/docs/' + str(part.attrGet('src')))}, width: 100%);")
            case other:
                raise ValueError(other)
    return "".join(found)


def _pieces(parts: Iterable[Token], *, strong: bool) -> list[str]:
    """What of a cell no line may end in, set as it will be: between spaces, and behind a slash or a hyphen."""
    found, last, bold = [], "", strong
    for part in parts:
        bold = {"strong_open": True, "strong_close": strong}.get(part.type, bold)
        words = part.content if part.type in {"text", "code_inline"} else " " * part.type.endswith("break")
        code = part.type == "code_inline"
        for piece in (p for held in (_code(words) if code else [words]) for p in re.split(r"(?<=[ /-])", held)):
            word = piece.strip()
            last += _raw(word) if code else f"#strong[{_text(word)}];" if bold else _text(word)
            if piece.endswith((" ", "/", "-", "_")):
                found.append(last)
                last = ""
    return [*found, last]


def _columns(tokens: list[Token]) -> str:
    """Widths by what the columns hold: half of the longest cell, within bounds, and never less than a word."""
    longest: list[int] = []
    pieces: list[list[str]] = []
    column = 0
    for n, token in enumerate(tokens):
        if token.type == "tr_open":
            column = 0
        elif token.type in {"th_open", "td_open"}:
            if column == len(longest):
                longest.append(0)
                pieces.append([])
            longest[column] = max(longest[column], len(tokens[n + 1].content))
            pieces[column] += _pieces(tokens[n + 1].children or (), strong=token.type == "th_open")
            column += 1
        elif token.type == "table_close":
            break
    shares = ", ".join(str(min(60, max(8, size))) for size in longest)
    words = ", ".join("(" + "".join(f"[{piece}], " for piece in dict.fromkeys(held)) + ")" for held in pieces)
    return f"widths(({shares},), ({words},))"


_OPENING = {
    "paragraph": "\n", "bullet_list": "#list(", "ordered_list": "#enum(", "list_item": "[", "thead": "table.header(",
    "blockquote": "#quote(block: true)[", "th": "[#strong[", "td": "[", "tr": "", "tbody": "",
}  # fmt: skip
_CLOSING = {
    "paragraph": "\n", "bullet_list": ");", "ordered_list": ");", "list_item": "],", "thead": "),",
    "blockquote": "];", "th": "];],", "td": "],", "tr": "\n", "tbody": "", "heading": "];\n", "table": ");\n",
}  # fmt: skip


def as_typst(tokens: list[Token]) -> str:
    """The same page for the printer."""
    found = [_PAGE]
    for n, token in enumerate(tokens):
        kind, _, end = token.type.rpartition("_")
        if token.type == "inline":
            found.append(_inline(token.children or ()))
        elif token.type in {"fence", "code_block"}:
            content = token.content.rstrip()
            # Small enough for the longest line of what is to be typed or read as it stands.
            size = max(5.5, min(8.0, 765 / max(1, *map(len, content.splitlines() or [""]))))
            found.append(f"\n#{{ show raw: set text(size: {size:.2f}pt)\n"
                         f"raw(block: true, {json.dumps(content, ensure_ascii=False)}) }};\n")  # fmt: skip
        elif token.type == "html_block":
            # A comment, for who reads the source.
            continue
        elif token.type == "hr":
            found.append("#line(length: 100%, stroke: 0.4pt);")
        elif token.type == "heading_open":
            found.append(f"\n#heading(level: {token.tag[1:]})[")
        elif token.type == "table_open":
            found.append(f"\n#context table(columns: {_columns(tokens[n:])}, ")
        elif end == "open":
            found.append(_OPENING[kind])
        else:
            found.append(_CLOSING[kind])
    return "".join(found)


def write(page: Path, out: Path) -> tuple[Path, Path]:
    """One document as HTML and as PDF, below ``out``."""
    import typst

    tokens = read(page.read_text(encoding="utf-8"))
    web, paper = out / f"{page.stem}.html", out / f"{page.stem}.pdf"
    source = as_typst(tokens).encode()
    typst.compile(source, output=str(paper), root=str(ROOT), font_paths=[str(FONTS)], ignore_system_fonts=True)
    web.write_text(as_html(tokens), encoding="utf-8")
    return web, paper


def main(names: list[str]) -> int:
    began = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    pages = [DOCS / f"{name.removesuffix('.md')}.md" for name in names] or sorted(DOCS.rglob("*.md"))
    for page in pages:
        made = OUT / page.parent.relative_to(DOCS)
        made.mkdir(parents=True, exist_ok=True)
        write(page, made)
    shutil.copytree(DOCS / "screenshots", OUT / "screenshots", dirs_exist_ok=True)
    print(f"[docs] {OUT} : {len(pages)} documents, HTML et PDF, {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
