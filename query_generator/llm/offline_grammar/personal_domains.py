"""Domains of what people wear, put on, eat, play with and give."""

from query_generator.llm.offline_grammar.vocabulary import Domain, frames

CLOTHING = Domain(
    nouns="shirt, tshirt=T-shirts, tee=T-shirts, dress, skirt, jacket, coat, hoodie, sweater, sweatshirt, jersey, "
    "jeans, trousers, pants, shorts, leggings, socks, beanie, hat, cap, scarf, frock, gown, suit, blouse, "
    "neck warmer, polo shirt, polo=polo shirts, cardigan, vest, corset, pyjamas, pajamas, swimsuit, bikini",
    categories="clothing clothes apparel fashion tops menswear womenswear",
    product=frames("""
        {Is} {x} true to size?
        Which size of {x} should I order if I am between two sizes?
        How does the fabric of {x} feel against the skin?
        Can I put {x} in the washing machine and the dryer?
        Will {x} shrink or fade after washing?
        What can I wear with {x}?
        For which season {is} {x} suitable?
        How formal or casual {is} {x}?
        In which colors {is} {x} available?
        Can I wear {x} comfortably all day?
    """),
    market=frames("""
        Which clothing brands are known for fair working conditions?
        What styles of {goods} are in fashion this season?
        Which brands make {goods} that last for years?
        How much do sizes differ between clothing brands?
        Which online clothing shops have the easiest returns?
        Are there good second-hand platforms for {goods}?
    """),
)

FOOTWEAR = Domain(
    nouns="boot, shoe, sneaker, trainer, sandal, slipper, plimsoll, cleat, loafer, flip-flop, high heels",
    categories="footwear",
    product=frames("""
        Do I need to order {x} a size up?
        How long does it take to break in {x}?
        How well {does} {x} grip on slippery ground?
        Would {x} suit people with wide feet?
        How good is the arch support of {x}?
        Can I walk all day in {x} without sore feet?
        How do I get stains off {x}?
        How quickly do the soles of {x} wear down?
        What socks should I wear with {x}?
        Can {x} get wet without damage?
    """),
    market=frames("""
        Which footwear brands are best for wide feet?
        What are the most comfortable {kinds} for all-day wear?
        Which brands make the most durable {goods}?
        How often should {goods} be replaced?
        Which {goods} do foot specialists recommend?
        Do sizes run the same across footwear brands?
    """),
)

BAGS = Domain(
    nouns="bag, handbag, backpack, rucksack, suitcase, wallet, purse, tote, briefcase, duffel",
    categories="bags luggage handbags",
    product=frames("""
        How much fits into {x}?
        How many pockets and compartments {does} {x} have?
        Will {x} protect what is inside from rain?
        How sturdy are the seams and fasteners of {x}?
        In which colors can I get {x}?
        {Is} {x} comfortable to carry for hours?
        Can I take {x} on a plane?
        {Does} {x} keep in shape when full?
    """),
    market=frames("""
        What are the most durable {kinds} for daily use?
        Which brands give a lifetime guarantee on {goods}?
        What size of {goods} do most people buy?
        Which {goods} do frequent travelers recommend?
        Are designer {goods} worth the extra money?
    """),
)

JEWELLERY = Domain(
    nouns="watch, wristwatch, earring, necklace, bracelet, brooch, pendant, cufflinks",
    categories="jewellery jewelry watches accessories-jewellery",
    product=frames("""
        {Is} {x} suitable for sensitive skin?
        Can I wear {x} while washing my hands or swimming?
        How easily {does} {x} scratch or tarnish?
        What outfits go well with {x}?
        {Does} {x} come in a gift box?
        How do I adjust {x} to fit me?
        Can {x} be insured or certified?
        How do I polish {x} at home?
    """),
    market=frames("""
        Which {goods} hold their value best?
        Which brands of {goods} do collectors prefer?
        How can I spot fake {goods} online?
        What styles of {goods} are in fashion this year?
        Is it safe to buy second-hand {goods}?
    """),
)

EYEWEAR = Domain(
    nouns="sunglasses, sun glasses=sunglasses, glasses, sunnies=sunglasses, spectacles",
    categories="sunglasses eyewear",
    product=frames("""
        How much UV protection {does} {x} offer?
        Which face shapes {does} {x} suit?
        Can I have prescription lenses fitted in {x}?
        Are the lenses of {x} polarized?
        How easily do the lenses of {x} scratch?
        {Is} {x} comfortable for a wide face?
        Can I drive with {x} on?
        {Does} {x} come with a protective case?
    """),
    market=frames("""
        Which brands make {goods} with the best UV protection?
        Are expensive {goods} really better than cheap ones?
        What {goods} are in fashion this summer?
        Which {goods} do opticians recommend?
        Who owns the big eyewear brands?
    """),
)

BEAUTY = Domain(
    nouns="mascara, lipstick, eyeliner, eyeshadow palette, ~eyeshadow, ~foundation, concealer, ~blush, ~nail "
    "polish, ~makeup, ~shampoo, conditioner, lotion, body lotion, face cream, moisturizer, serum, cleanser, "
    "body wash, ~soap, ~hand soap, ~sunscreen, lip balm, deodorant",
    categories="beauty makeup cosmetics skincare skin haircare personal",
    product=frames("""
        {Is} {x} suitable for sensitive skin?
        What ingredients {does} {x} contain?
        {Is} {x} cruelty-free and vegan?
        How do I apply {x} for the best result?
        How long does the effect of {x} last through the day?
        Could {x} cause an allergic reaction?
        How soon after opening do I need to use up {x}?
        Which shades or types of {x} are there?
        Can I use {x} together with my other beauty products?
        How do I remove {x} at the end of the day?
    """),
    market=frames("""
        Which beauty brands are really cruelty-free?
        What are the best drugstore alternatives to {x}?
        Which {goods} do dermatologists recommend?
        What ingredients should I avoid in {goods}?
        Which {goods} went viral recently?
        Are luxury {goods} better than drugstore brands?
        What are the biggest trends in beauty this year?
    """),
    foreign="brush sponge mirror dryer trimmer razor",
    lasting=False,
)

FRAGRANCE = Domain(
    nouns="perfume, fragrance, cologne, eau de parfum, eau de toilette",
    categories="fragrance fragrances perfume perfumes parfum",
    product=frames("""
        How long {does} {x} last on the skin?
        What {does} {x} smell like?
        What are the top, heart and base notes of {x}?
        {Is} {x} better for day or evening?
        In which season {does} {x} smell best?
        How strong is the trail of {x}?
        {Is} {x} too strong for the office?
        How many sprays of {x} are enough?
        In which bottle sizes can I buy {x}?
    """),
    market=frames("""
        Which fragrances smell similar to {x} but cost less?
        What are the most popular perfumes this year?
        Which perfume houses have the best reputation?
        Are niche perfumes better than designer fragrances?
        What perfume gets the most compliments?
        How can I avoid fake perfumes online?
    """),
    lasting=False,
)

FOOD = Domain(
    nouns="juice, smoothie, soft drink, ~coffee, ~tea, ~chocolate, ~honey, ~rice, ~milk, ~cheese, ~bread, ~pasta, "
    "~olive oil, ~cooking oil, ~ice cream, ~protein powder, ~wine, beer, cookie, biscuit, snack, egg, potato, "
    "~steak, ~cereal, ~yogurt, ~jam, sauce, spice, energy drink, protein bar, ~granola",
    categories="grocery groceries food foods drinks beverages juices snacks coffee tea wine gourmet produce",
    product=frames("""
        What {does} {x} taste like?
        How many calories {does} {x} have?
        How should I store {x} to keep {them} fresh?
        How long {does} {x} keep?
        {Does} {x} contain any allergens?
        {Is} {x} organic?
        {Does} {x} contain added sugar or preservatives?
        What goes well with {x}?
        Where {does} {x} come from?
        Can children eat or drink {x}?
        {Is} {x} part of a healthy diet?
    """),
    market=frames("""
        Which brands of {goods} taste the best?
        What are the healthiest {kinds} you can buy?
        Which supermarkets have the best range of {goods}?
        Are organic {goods} worth the higher price?
        Which {goods} do nutritionists recommend?
        Why have food prices gone up so much?
        What food and drink trends are growing right now?
    """),
    foreign="tissue paper dog cat pet detergent soap cleaner napkin towel foil bag machine grinder maker cup mug "
    "kettle mill",
    lasting=False,
)

PETS = Domain(
    nouns="~dog food, ~cat food, ~pet food, dog bed, cat tree, dog collar, leash, litter box, dog toy, cat toy, "
    "aquarium",
    categories="pet pets dog dogs cat cats",
    product=frames("""
        {Is} {x} suitable for puppies or kittens?
        What size or breed of animal {is} {x} meant for?
        How do I get my pet used to {x}?
        {Is} {x} safe for pets with allergies?
        Do vets approve of {x}?
        How long does one pack of {x} last?
    """),
    market=frames("""
        Which pet brands do vets trust most?
        What are the best-known brands of {goods}?
        Is premium pet care worth the money?
        Which online pet shops have the best prices?
        How is the pet supplies market changing?
    """),
    lasting=False,
    by_category_alone=True,
)

TOYS = Domain(
    nouns="toy, board game, puzzle, doll, teddy bear, plush toy, building set, card game, toy car, toy truck, "
    "remote control car, playset",
    categories="toy toys games kids-toys puzzles",
    product=frames("""
        From what age {is} {x} suitable?
        {Does} {x} have small parts that children could swallow?
        What can children learn from {x}?
        How long {does} {x} keep children busy?
        Can several children play with {x} at the same time?
        {Does} {x} need batteries?
        How easy {is} {x} to tidy away?
        {Does} {x} meet toy safety standards?
    """),
    market=frames("""
        What are the most popular toys for this age right now?
        Which toy brands are the safest?
        What are good educational alternatives to {x}?
        Which {goods} win toy awards?
        What toys will be popular this Christmas?
        Which toy brands avoid plastic?
    """),
    by_category_alone=True,
)

PERSONAL = (CLOTHING, FOOTWEAR, BAGS, JEWELLERY, EYEWEAR, BEAUTY, FRAGRANCE, FOOD, PETS, TOYS)
