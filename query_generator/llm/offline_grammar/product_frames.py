"""Frames about the product itself that fit any product, and those made from its fields."""

from query_generator.llm.offline_grammar.vocabulary import frames

CORE = frames("""
    What are the main features of {x}?
    What {is} {x} best used for?
    Who {is} {x} best suited for?
    {Is} {x} worth the money?
    What are the pros and cons of {x}?
    How do I get the most out of {x}?
    What should I know before buying {x}?
    Would {x} make a good gift?
    Can I return {x} if I am not satisfied?
    What do reviews say about {x}?
    What are common complaints about {x}?
    Are there any warnings or restrictions for {x}?
    Why do people buy {x}?
    What is included when I order {x}?
""")

MORE = frames("""
    What exactly {is} {x}?
    What makes {x} special?
    What are the biggest benefits of {x}?
    How good is the quality of {x}?
    {Does} {x} live up to the description?
    Who should not buy {x}?
    What mistakes should I avoid with {x}?
    How do I know whether {x} {is} right for me?
    What age group {is} {x} meant for?
    {Is} {x} a good choice for a first-time buyer?
    Would {x} suit someone on a tight budget?
    What do people usually buy together with {x}?
    Can I try {x} before I pay?
    What can I do if I have a problem with {x}?
    Can I cancel an order for {x}?
    Can I have {x} sent directly to someone else?
    Are there extra costs when I buy {x}?
    Are there any discount codes for {x}?
    Can companies order {x} in larger quantities?
    Where can I buy {x}?
    Where can I find more details about {x}?
    What questions should I ask the seller about {x}?
    Would people who bought {x} choose {them} again?
    How happy are customers with {x} after a few weeks?
    What surprised buyers about {x}?
    Do experts recommend {x}?
    What is the environmental footprint of {x}?
    What is the story behind {x}?
    What do the terms and conditions say about {x}?
    {Is} {x} good for older people?
    Can I get an invoice for {x}?
    What do first-time buyers of {x} ask most often?
    Which reviews of {x} are worth reading?
    How often do people buy {x} again?
    How would you describe {x} to a friend?
    Which small details of {x} do people overlook?
    Who has tested {x} independently?
    {Does} {x} suit both young and old?
    How soon can I start using {x}?
    What do people wish they had known before getting {x}?
    Which payment methods can I use for {x}?
    In short, why should I get {x}?
""")

SHIPPED = frames("""
    How long does delivery of {x} take?
    {Is} {x} in stock at the moment?
    What should I check as soon as I receive {x}?
    Can {x} be ordered from abroad?
    {Is} {x} a limited edition or always available?
    Is it better to get {x} online or in a local store?
    Is it easy to find {x} in local shops?
    Can I pick {x} up in person instead of waiting for delivery?
    How quickly {does} {x} sell out?
    Is it cheaper to buy {x} as part of a bundle?
""")

DURABLE = frames("""
    {Is} {x} good for everyday use or only for special occasions?
    Should I buy {x} now or wait for a sale?
    How long can I expect {x} to last?
    How {does} {x} compare with earlier versions?
    How can I tell whether {x} {is} genuine?
    Do I need anything else to use {x}?
    Is there a warranty or satisfaction guarantee on {x}?
    Which variant of {x} should I choose?
    How easy is it to get used to {x}?
    {Does} {x} need any preparation before first use?
    How do I contact customer support about {x}?
    Has anything newer replaced {x}?
    {Does} {x} have any certifications or quality marks?
    Are there instructions or tips for using {x}?
    Are there videos that show {x} in use?
""")

LASTING = frames("""
    How do I clean and care for {x}?
    What {is} {x} made of?
    How well {does} {x} hold up after a year of regular use?
    Can {x} be repaired if something breaks?
    How heavy {is} {x}?
    What are the exact dimensions of {x}?
    How do I recycle {x} at the end of {its} life?
    Where should I keep {x} when not in use?
    Can I get replacement parts for {x}?
""")

CLAIMS = frames("""
    {Is} {x} really {claim}?
    What makes {x} {claim}?
""")

MATERIALS = frames("""
    How durable is the {material} of {x}?
    How do I look after the {material} of {x}?
""")

BRAND = frames("""
    What guarantee does {brand} give on {x}?
    Where does {brand} produce {x}?
    Does {brand} offer customer service for {x}?
    How {does} {x} differ from other products by {brand}?
""")

PRICE = frames("""
    {Is} {x} worth {price}?
    What do I get for {price} with {x}?
""")

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "color colour colors colours": frames("""
        {Does} {x} come in any color other than {value}?
        How true to the pictures is the {value} color of {x}?
    """),
    "size sizes": frames("""
        Can I get {x} in a size other than {value}?
        How does size {value} of {x} turn out in practice?
    """),
    "material fabric materials": frames("""
        Is {value} a good material for {x}?
        How do I care for {x} made of {value}?
    """),
    "storage memory capacity ram": frames("""
        Is {value} of {attr} enough on {x}?
        Can I get {x} with more than {value} of {attr}?
    """),
    "battery": frames("""
        How long does the {value} battery of {x} last on one charge?
    """),
    "weight": frames("""
        Is {value} heavy for something like {x}?
    """),
    "flavor flavour taste": frames("""
        {Does} {x} come in flavors other than {value}?
        How strong is the {value} flavor of {x}?
    """),
    "warranty guarantee": frames("""
        What is covered by the warranty on {x} ({value})?
    """),
    "language": frames("""
        Can I get {x} in a language other than {value}?
    """),
    "origin country": frames("""
        {Is} {x} still made in {value}?
    """),
    "author narrator publisher artist director": frames("""
        What else has {value} released besides {x}?
    """),
}

ANY_ATTRIBUTE = frames("""
    Can I get {x} with a different {attr} than {value}?
    How important is the {attr} of {x} ({value}) in practice?
    Why was {value} chosen as the {attr} of {x}?
    How does the {attr} of {x} ({value}) compare with the usual {attr}?
""")
