"""XML as input: the elements that are products become records as the same thing in JSON would, whatever is around."""

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from query_generator.errors import InputError
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.json_records import MAX_RECORD_BYTES, TOO_LARGE, TOO_MANY_VALUES
from query_generator.input.sources import InputSource, load_input_data
from query_generator.models import Product, RejectedRecord

RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
    "<title>The Shop</title><link>https://shop.example</link>%s</channel></rss>"
)
ITEM = (
    "<item><g:id>K1</g:id><g:title>Trail Boot</g:title><g:brand>Daybird</g:brand><g:price>120.00 EUR</g:price>"
    "<g:sale_price>99.50 EUR</g:sale_price><g:product_type>Shoes &gt; Boots</g:product_type></item>"
)


def records_of(text: str | bytes) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    return [record for _, record in read_records(io.BytesIO(data), "feed")]


def products_of(text: str | bytes) -> list[Product]:
    data = text.encode() if isinstance(text, str) else text
    found = list(load_input_data(InputSource("feed", lambda: io.BytesIO(data)))[0])
    products = [item for item in found if isinstance(item, Product)]
    assert len(products) == len(found)
    return products


def until_broken(data: bytes) -> tuple[list[Any], str]:
    records: list[Any] = []
    try:
        for _, record in read_records(io.BytesIO(data), "feed"):
            records.append(record)
    except (InputBrokenOffError, InputError) as exc:
        return records, f"{type(exc).__name__}: {exc}"
    return records, ""


@pytest.mark.parametrize(
    "pack", [bytes, lambda data: gzip.compress(data, mtime=0), lambda data: b"\xef\xbb\xbf" + data]
)
def test_feed_for_google_merchant(pack: Any) -> None:
    """The items of an RSS feed are the products, with the fields of its namespace; the channel's title is none."""
    (product,) = products_of(pack((RSS % ITEM).encode()))
    assert (product.name, product.brand, product.category) == ("Trail Boot", "Daybird", "Shoes > Boots")
    assert (product.price, product.currency, product.external_id) == ("99.50", "EUR", "K1")


def test_entries_of_atom() -> None:
    """The entries of an Atom feed are the products; blanks around CDATA and line breaks do not count."""
    feed = (
        '\n\n<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>'
        "<author><name>Someone</name></author>"
        "<entry><g:id>1</g:id><title>\n<![CDATA[ Trail <b>Boot</b> ]]>\n</title></entry>"
        "<entry><g:id>2</g:id><title>Cape &amp; Hat</title></entry></feed>"
    )
    assert [product.name for product in products_of(feed)] == ["Trail Boot", "Cape & Hat"]


@pytest.mark.parametrize(
    ("around", "tag"),
    [
        ("<products>%s</products>", "product"),
        ("<CATALOG><SHOPITEM/>%s</CATALOG>", "CD"),
        ("<a:root xmlns:a='x'><meta><name>shop</name></meta>%s</a:root>", "a:Product"),
        ("<export><groups><group><name>Shoes</name>%s</group></groups></export>", "artikel"),
    ],
)
def test_any_repeated_element_with_a_name(around: str, tag: str) -> None:
    """Elements with a name or title that repeat, or are called products, are read, at any depth and in any case."""
    items = "".join(f"<{tag}><Name>{name}</Name><price>5</price></{tag}>" for name in "ABC")
    assert [record["Name"] for record in records_of(around % items) if "Name" in record] == ["A", "B", "C"]


def test_numbered_elements() -> None:
    """Elements that are numbered in their tags are read as one list."""
    items = "".join(f"<item_{number}><name>N{number}</name></item_{number}>" for number in range(12))
    assert len(records_of(f"<root><site><name>Shop</name></site><products>{items}</products></root>")) == 12


def test_values_of_elements() -> None:
    """Elements become what JSON has for the same: text, objects, lists; attributes that tell something are kept."""
    (record,) = records_of(
        '<products><product id="7" x:note="n" xmlns:x="u"><name>A</name><g:name xmlns:g="v">other</g:name>'
        '<price currency="EUR">12,50</price><param name="Colour">red</param><param name="Width" unit="cm">4</param>'
        "<images><image>1.jpg</image></images><description><p>Soft <b>and</b> warm</p><p>Wool</p></description>"
        '<weight unit="kg">1.2</weight><picture url="a.jpg"/><empty/><size>S</size><size>M</size>'
        "<seller><name>Shop</name><town>Ulm</town></seller></product></products>"
    )
    assert record == {
        "id": "7",
        "@note": "n",
        "name": "A",
        "price": {"value": "12,50", "currency": "EUR"},
        "param": [{"name": "Colour", "value": "red"}, {"name": "Width", "value": "4 cm"}],
        "images": ["1.jpg"],
        "description": "Soft and warm Wool",
        "weight": "1.2 kg",
        "picture": {"url": "a.jpg"},
        "empty": "",
        "size": ["S", "M"],
        "seller": {"name": "Shop", "town": "Ulm"},
    }


def test_records_that_are_attributes() -> None:
    """Elements whose fields are attributes are records, too."""
    rows = '<products><product sku="1" name="Boot" price="5"/><product sku="2" name="Cape" price="6"/></products>'
    assert records_of(rows)[1] == {"sku": "2", "name": "Cape", "price": "6"}


@pytest.mark.parametrize(
    "name",
    [
        '<name xml:lang="en">Boot</name><name xml:lang="de">Stiefel</name>',
        '<name><language id="1">Boot</language><language id="2">Stiefel</language></name>',
        '<name><language id="1">Boot</language></name>',
    ],
)
def test_names_in_several_languages(name: str) -> None:
    """Of a name in several languages the first counts, as PrestaShop writes them or with `xml:lang`."""
    (product,) = products_of(f"<products><product>{name}</product></products>")
    assert product.name == "Boot"


def test_offers_of_yandex() -> None:
    """A feed for Yandex Market (YML): categories by their ids, names made of type, seller and model, parameters."""
    (product, named) = products_of(
        '<!DOCTYPE yml_catalog SYSTEM "shops.dtd"><yml_catalog><shop><name>Shop</name><categories>'
        '<category id="1">Heating</category><category id="2" parentId="1">Air</category>'
        "</categories><offers>"
        '<offer id="11" type="vendor.model"><price>10</price><currencyId>RUR</currencyId><categoryId>2</categoryId>'
        '<typePrefix>Cooler</typePrefix><vendor>LG</vendor><model>X1</model><param name="Colour">red</param></offer>'
        '<offer id="12"><name>Fan&nbsp;2</name><price>7</price><currencyId>UAH</currencyId>'
        "<categoryId>9</categoryId></offer></offers></shop></yml_catalog>"
    )
    assert (product.name, product.brand, product.category) == ("Cooler LG X1", "LG", "Heating > Air")
    assert (product.price, product.currency, product.external_id) == ("10", "RUB", "11")
    assert product.attributes == (("Colour", "red"),)
    assert (named.name, named.category, named.currency) == ("Fan 2", "", "UAH")


@pytest.mark.parametrize("encoding", ["windows-1251", "iso-8859-5", "utf-8"])
def test_encodings(encoding: str) -> None:
    """The encoding that the XML declares is followed."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><offers><offer><name>Сапоги</name></offer></offers>'
    assert records_of(text.encode(encoding)) == [{"name": "Сапоги"}]


def test_short_entities_of_a_doctype_are_text() -> None:
    """Entities that a DOCTYPE declares as short texts are expanded."""
    text = '<!DOCTYPE p [<!ENTITY eacute "é">]><p><product><name>Caf&eacute;</name></product></p>'
    assert records_of(text) == [{"name": "Café"}]


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY b SYSTEM "http://127.0.0.1:9/x">',
        "<!ENTITY % b \"<!ENTITY c 'd'>\"> %b;",
        f'<!ENTITY b "{"x" * 101}">',
        '<!ENTITY b "<item/>">',
        "".join(f'<!ENTITY b{number} "x">' for number in range(1_001)),
    ],
)
def test_entities_that_lead_elsewhere_or_grow_are_refused(declared: str) -> None:
    """An entity of another file, or that could grow, ends the run before any product, and the words say what to do."""
    text = f"<!DOCTYPE p [{declared}]><p><product><name>&b;</name></product></p>"
    with pytest.raises(InputError, match=r"DOCTYPE declares the entity .*xmllint"):
        records_of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!doctype HTML><title>x</title>", "web page"),
        ("<html><body><item><name>x</name></item></body></html>", "web page"),
        ("<Error><Code>NoSuchKey</Code></Error>", "XML without products.*seen: error, error/code"),
        ("<div>a & b</div>", "web page or XML and is not valid XML"),
        (
            f"<a><b>{2 * '<x><name>1</name></x>'}</b><c>{2 * '<y><name>1</name></y>'}</c></a>",
            "several lists .*: a/b/x, a/c/y",
        ),
        ('<?xml version="1.0" encoding="klingon"?><products><product><name>A</name></product></products>', "encoding"),
        ("<a>" * 1_001, "nested more than 1,000 deep"),
    ],
)
def test_refused_with_words(text: str, said: str) -> None:
    """A web page, XML without products, or with several kinds of them, ends the run and is told what it is."""
    with pytest.raises(InputError, match=said):
        records_of(text)


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("<item><title>B & C</title></item></channel></rss>", "not well-formed"),
        ("<item><title>B</title>", "no element found"),
        ("<item><title>B</item></channel></rss>", "mismatched tag"),
        ("</channel></rss><rss/>", "junk after document element"),
    ],
)
def test_broken_after_good_records(rest: str, said: str) -> None:
    """The good products before broken XML are given, then it is said where it breaks; it never ends as if whole."""
    head = (RSS % "")[: -len("</channel></rss>")]
    records, message = until_broken((head + ITEM + rest).encode())
    assert [record["title"] for record in records] == ["Trail Boot"]
    assert message.startswith("InputBrokenOffError: feed breaks off at byte ")
    assert said in message


def test_cut_gzip() -> None:
    """A compressed feed that is cut gives the products before the cut, and says so."""
    data = gzip.compress((RSS % "".join(ITEM.replace("K1", f"K{n}") for n in range(6_000))).encode(), mtime=0)
    records, message = until_broken(data[: len(data) // 2])
    assert 100 < len(records) < 6_000
    assert "ended before" in message


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<x>" + "y" * (MAX_RECORD_BYTES + 1) + "</x>", TOO_LARGE),
        ("<x/>" * 100_001, TOO_MANY_VALUES),
        ("<x>" * 101 + "</x>" * 101, "nested too deeply"),
    ],
)
@pytest.mark.no_cover
def test_too_large_a_record_is_rejected(inner: str, reason: str) -> None:
    """A record beyond the caps is rejected with its position, and the others are read."""
    one, other = "<product><name>A</name></product>", "<product><name>B</name></product>"
    records = records_of(f"<products>{one}<product>{inner}</product>{other}</products>")
    assert records == [{"name": "A"}, RejectedRecord(2, "", reason), {"name": "B"}]


class Feed(io.RawIOBase):
    """A feed that is never held: a head, an item with its number again and again, a tail."""

    def __init__(self, count: int, filling: str) -> None:
        self._parts = self._bytes(count, filling)
        self._rest = b""

    def _bytes(self, count: int, filling: str) -> Iterator[bytes]:
        yield (RSS % "")[: -len("</channel></rss>")].encode()
        for number in range(count):
            yield ITEM.replace("K1", str(number)).replace("<item>", f"<item>{filling}").encode()
        yield b"</channel></rss>"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and (part := next(self._parts, b"")):
            self._rest += part
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_feed() -> None:
    """30 MB of items need no more memory than the first ones: what is held is a chunk, the sample and a record."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_records(io.BufferedReader(Feed(3_000, f"<x>{'y' * 10_000}</x>")), "feed"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 3_000
    assert most < 16 * 1024 * 1024


@pytest.mark.parametrize("begin", ["<x ", "<!--"])
def test_a_tag_without_end_is_not_held(begin: str) -> None:
    """A tag or comment of more than 4 MB ends the reading; it is not collected."""
    head = (RSS % "")[: -len("</channel></rss>")]
    records, message = until_broken((head + ITEM + begin + "y" * MAX_RECORD_BYTES).encode())
    assert len(records) == 1
    assert "a tag or comment is larger than 4 MB" in message
