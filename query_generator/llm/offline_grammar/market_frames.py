"""Frames about the market of a product: its kind or category, price, brand, and where it stands."""

from query_generator.llm.offline_grammar.vocabulary import frames

GOODS_CORE = frames("""
    What are the best {kinds} right now?
    What should I look for when buying {goods}?
    How much should I expect to pay for good {goods}?
    What are the best {kinds} for the money?
    What are the current trends in {goods}?
    Which brand leads the market for {goods}?
    Where can I find the best deals on {goods}?
    {Is} {x} among the best {kinds} you can buy?
    How {does} {x} compare with other {goods}?
""")

GOODS_MORE = frames("""
    What mistakes do people make when choosing {goods}?
    What are the top-rated {kinds} according to customers?
    When is the best time of year to buy {goods}?
    Who buys {goods} most often?
""")

MADE_GOODS = frames("""
    Which brands make the best {goods}?
    Is it worth paying more for premium {goods}?
    What do experts say about the leading brands of {goods}?
    Which new brands of {goods} should I keep an eye on?
    Is it better to buy {goods} online or in a store?
    Which budget brands of {goods} can I trust?
    What are the most sustainable {kinds} on the market?
    How do the big brands of {goods} differ from each other?
    Which brands of {goods} get the most complaints?
    How can I recognize high-quality {goods}?
    What are the most innovative {kinds} of the last few years?
""")

CLAIMS = frames("""
    What are the best {claim} {kinds}?
    Which brands sell {claim} {goods}?
""")

CATEGORY = frames("""
    Which brands lead the {category} category?
    What are the most popular products in the {category} category?
    What are the current trends in the {category} category?
    How do I compare brands in the {category} category?
    Which brand in the {category} category offers the best value?
    What are typical prices in the {category} category?
    Where {does} {x} rank in the {category} category?
    Which new brands are gaining ground in the {category} category?
    What do experts recommend in the {category} category?
    What are shoppers in the {category} category looking for?
    Which premium brands stand out in the {category} category?
    Who are the cheapest reputable sellers in the {category} category?
    {Is} {x} one of the best choices in the {category} category?
    What is the best-reviewed product in the {category} category?
    Which brands in the {category} category are the most sustainable?
    What quality differences are there between brands in the {category} category?
    When do prices in the {category} category usually drop?
    How fast is the {category} category growing?
""")

PRICE = frames("""
    What are the best {kinds} under {budget}?
    Is {price} a fair price for {goods}?
    Which alternatives to {x} cost less than {price}?
    How does a price of {price} for {x} compare with the market average?
    Do the top brands charge more than {price} for something like {x}?
    What can I get in the {category} category for less than {budget}?
""")

BRAND = frames("""
    Is {brand} a good brand?
    What is {brand} best known for?
    Which brands compete with {brand}?
    How trustworthy is {brand} compared with other brands?
    Is {brand} a premium or a budget brand?
    What do customers say about {brand}?
    How reliable is {brand} when it comes to {goods}?
    Where does {brand} stand among the top brands for {goods}?
    What do people like more about {brand} than about other brands of {goods}?
    Where does {brand} rank in the {category} category?
    Which {brand} product is the most popular?
    Has the reputation of {brand} changed in recent years?
""")

CORE = frames("""
    What are the best alternatives to {x}?
    How {does} {x} compare with the closest competitors?
    {Is} {x} seen as premium or budget?
    Is there a cheaper alternative to {x} that is just as good?
    What kind of customer typically buys {x}?
    What reputation {does} {x} have among shoppers?
    Where {does} {x} rank among similar products?
    {Is} {x} overpriced compared with similar products?
    Which competitors of {x} offer better value for money?
    How {does} {x} stand out from the competition?
    Which retailers sell {x} at the lowest price?
    Are products like {x} becoming more popular?
    {Does} {x} appear in top 10 lists?
    Why do shoppers prefer {x} to similar products?
    What is the usual price range for products like {x}?
    {Is} {x} still competitive against newer products?
""")

MORE = frames("""
    Which brands compete directly with {x}?
    What are the most popular products similar to {x}?
    What trends are shaping the market for products like {x}?
    What is the premium alternative to {x}?
    Which products like {x} have the best reviews?
    What is most often compared with {x}?
    In which countries {is} {x} most popular?
    How big is the market for products like {x}?
    How has the price of {x} changed over the past year?
    When do products like {x} usually go on sale?
    What should I look for when comparing {x} with other options?
    Which brands are known for products like {x}?
    Are there more sustainable alternatives to {x}?
    Which smaller brands offer something like {x}?
    What do online communities think of {x}?
    {Is} {x} better than store-brand products?
    What makes customers switch from {x} to a rival?
    How {does} {x} score in independent tests?
    How well known {is} {x}?
    {Is} {x} popular on social media?
    What awards have products like {x} won?
    Which online shops are the most trusted for buying {x}?
    {Is} {x} cheaper in other countries?
    How hard is it to find {x} in stores?
    What do critics call the biggest weakness of {x} against rivals?
    Do buyers stay loyal to {x} or move on to other brands?
    Will products like {x} still be in demand in five years?
    Which innovations could replace products like {x}?
    How do customer ratings of {x} compare with those of rivals?
    What sets the leading brands of products like {x} apart?
    Which alternatives to {x} are best for first-time buyers?
    Is it risky to choose a lesser-known product over {x}?
    Which products should be on my shortlist next to {x}?
    How trustworthy are the online reviews of {x}?
    Is the market for products like {x} dominated by a few big brands?
    How much do prices for products like {x} differ between brands?
    What is the most innovative product in the same class as {x}?
    Which competitor of {x} has the best customer service?
    Are products like {x} sold more online or in stores?
    Which age group buys products like {x} most?
    How much more do premium versions of products like {x} cost?
    How likely are customers to recommend {x} to a friend?
    Have there been any recalls of products like {x}?
    Which features matter most to people shopping for something like {x}?
    What are the most overrated products similar to {x}?
    What are some hidden gems among products similar to {x}?
    Should I choose {x} or the market leader?
    Does advertising for products like {x} match what buyers experience?
    Who sets the standard for products like {x}?
""")
