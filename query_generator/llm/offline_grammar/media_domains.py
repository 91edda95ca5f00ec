"""Domains of what is read, heard, redeemed and subscribed to."""

from query_generator.llm.offline_grammar.vocabulary import Domain, frames

MEDIA = Domain(
    nouns="book, audiobook, e-book, ebook, novel, cookbook, comic, vinyl record, podcast, magazine",
    categories="book books audiobook audiobooks ebooks media music movies film dvd vinyl literature comics",
    product=frames("""
        What is {x} about?
        How long is {x}?
        Is {x} suitable for beginners in the subject?
        In which formats is {x} available?
        On which devices can I play or read {x}?
        Is there a free sample of {x}?
        What will I take away from {x}?
        Is {x} part of a series?
        Who are the people behind {x}?
        Is {x} still up to date?
        Can I share {x} with my family?
    """),
    market=frames("""
        Which titles are similar to {x}?
        What are the bestsellers on the same subject as {x}?
        What did critics write about {x}?
        Which platforms have the largest choice of {goods}?
        Is a subscription cheaper than buying single {kinds}?
        What are the best {kinds} on the subject?
        Who publishes the best {goods} in this field?
    """),
    lasting=False,
    made=False,
    title=True,
    by_category_alone=True,
)

GIFT_CARDS = Domain(
    nouns="gift card, giftcard, voucher, gift voucher, gift certificate",
    categories="giftcard giftcards vouchers",
    product=frames("""
        Does {x} expire?
        How do I redeem {x}?
        Can I use {x} in several purchases?
        How do I check the balance of {x}?
        Can {x} be combined with other offers?
        What happens if I lose {x}?
        Can I send {x} by e-mail?
        Can {x} be exchanged for cash?
        What can I buy with {x}?
        How soon can {x} be used after purchase?
        Can I add a personal message to {x}?
    """),
    market=frames("""
        Which gift cards are the most popular presents?
        Which gift cards can be used in the most shops?
        What are safe places to buy gift cards online?
        Are there gift cards with a bonus or discount?
        How do gift cards compare with giving cash?
        Which gift cards never expire?
        How common are gift card scams?
    """),
    lasting=False,
    made=False,
    by_category_alone=True,
)

SOFTWARE = Domain(
    nouns="~software, app, subscription, software license, online course, membership, video game",
    categories="software apps subscription subscriptions services service courses saas",
    product=frames("""
        Which platforms {does} {x} run on?
        Is there a free version or trial of {x}?
        How do I cancel {x}?
        How many users or devices can share {x}?
        {Is} {x} easy to learn without training?
        What kind of support is included with {x}?
        How is my data protected with {x}?
        Can I upgrade {x} later?
        Which languages {does} {x} support?
        Can I use {x} without an internet connection?
        When was {x} last updated?
    """),
    market=frames("""
        What are the best free alternatives to {x}?
        Which {goods} do small companies use?
        What do comparison sites say about {x}?
        Is {x} cheaper than the market leader?
        How hard is it to switch from {x} to a competitor?
        Which providers of {goods} have the best support?
    """),
    lasting=False,
    made=False,
    by_category_alone=True,
)

MEDIA_AND_SERVICES = (GIFT_CARDS, SOFTWARE, MEDIA)
