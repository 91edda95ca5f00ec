"""The grammar of the offline provider: templates as data, and the words that fill them."""
