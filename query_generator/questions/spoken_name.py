"""temporary"""

from query_generator.models import Product


def spoken_name(product: Product) -> str:
    """Say a product's name."""
    return " ".join(product.name.split()[:4])
