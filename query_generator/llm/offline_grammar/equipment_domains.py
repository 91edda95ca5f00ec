"""Domains of devices, household goods, sports and vehicles."""

from query_generator.llm.offline_grammar.vocabulary import Domain, frames

COMPUTERS = Domain(
    nouns="smartphone, phone, iphone=smartphones, laptop, macbook=laptops, chromebook, ultrabook, android "
    "tablet=tablets, drawing tablet, ipad=tablets, computer, smartwatch",
    categories="smartphones smartphone laptops tablets computers mobiles",
    product=frames("""
        How long does the battery of {x} last in daily use?
        How many years of software updates will {x} get?
        {Does} {x} get hot under heavy load?
        How good is the display of {x} in sunlight?
        {Is} {x} fast enough for gaming?
        Can I expand the storage of {x}?
        How long does it take to charge {x} fully?
        How good is the camera of {x} for video calls?
        Which ports and wireless standards {does} {x} support?
        {Is} {x} a good choice for students?
        How do I move my data to {x}?
    """),
    market=frames("""
        Which {goods} have the longest battery life?
        Which brands of {goods} give the longest software support?
        What are the best {kinds} for students?
        Which {goods} keep their resale value best?
        Are refurbished {goods} a good idea?
        Which {goods} do tech reviewers recommend most?
        Is {x} a better buy than the current flagship models?
    """),
    foreign="case cover charger cable stand holder sleeve bag stick adapter mount dock film protector selfie",
)

AUDIO = Domain(
    nouns="headphones, earphones, earbuds, airpods=wireless earbuds, speaker, soundbar, headset, microphone, turntable",
    categories="audio headphones speakers hifi",
    product=frames("""
        How good is the sound quality of {x}?
        How strong is the bass of {x}?
        {Does} {x} work with both Android and iPhone?
        Can I use {x} for phone calls?
        How far does the connection of {x} reach?
        {Does} {x} let sound leak out?
        How do I connect {x} to a TV?
        {Is} {x} good for music at home and on the move?
    """),
    market=frames("""
        Which audio brands have the best sound for the price?
        What are the best wireless {kinds} right now?
        Which {goods} do sound engineers use?
        Are expensive {goods} worth it for casual listening?
        Which {goods} beat the big names at a lower price?
    """),
)

ELECTRONICS = Domain(
    nouns="charger, power bank, tv=TVs, television=TVs, monitor, camera, printer, router, keyboard, drone, game "
    "console, projector, usb cable=USB cables, adapter, selfie stick, monopod, phone case, battery pack, gps "
    "tracker=GPS trackers, smart plug, e-reader",
    categories="electronics electronic mobile tech gadgets photography photo gaming",
    product=frames("""
        Which devices {is} {x} compatible with?
        How do I set up {x}?
        How {is} {x} powered?
        What cables or accessories do I need for {x}?
        {Does} {x} work with older devices?
        {Is} {x} portable enough for travel?
        What should I try if {x} will not turn on?
        {Is} {x} approved for use in Europe and the US?
    """),
    market=frames("""
        Which electronics brands are the most reliable?
        Are no-name {goods} safe to use?
        Which {goods} do tech magazines recommend?
        What are the most energy-efficient {kinds}?
        Which electronics brands have the best repair service?
        What new technology is coming for {goods}?
    """),
)

APPLIANCES = Domain(
    nouns="blender, hand blender, mixer, oven, microwave oven, stove, electric stove, kettle, toaster, coffee "
    "maker, coffee machine, fridge, refrigerator, dishwasher, washing machine, dryer, vacuum cleaner, air "
    "fryer, air conditioner, steam iron, ceiling fan, heater, humidifier",
    categories="appliance appliances",
    product=frames("""
        How much electricity {does} {x} use?
        How loud {is} {x} while running?
        How easy {is} {x} to clean after use?
        {Is} {x} powerful enough for a family of four?
        How much space {does} {x} need?
        {Does} {x} switch off automatically?
        Can children use {x} safely?
        How long is the power cord of {x}?
        What else can I use {x} for?
    """),
    market=frames("""
        Which appliance brands last the longest?
        What are the quietest {kinds} on the market?
        Which {goods} use the least energy?
        Which {goods} do consumer tests rate highest?
        Are smart {goods} worth the extra cost?
    """),
)

KITCHEN = Domain(
    nouns="mug, cup, plate, bowl, pan, frying pan, saucepan, wok, knife, fork, spoon, spatula, whisk, grater, "
    "peeler, chopping board, cutting board, squeezer, citrus squeezer, egg slicer, strainer, sieve, tray, ice "
    "cube tray, tongs, turner, spice rack, rolling pin, lunch box, water bottle, teapot, wine glass, drinking "
    "glass, baking tray, colander",
    categories="kitchen kitchenware cookware tableware dining homewares-kitchen",
    product=frames("""
        Can {x} go in the dishwasher?
        {Is} {x} safe for contact with food?
        {Does} {x} stain or take on smells?
        How easy {is} {x} to keep hygienic?
        {Is} {x} sturdy enough for daily use in the kitchen?
        How {does} {x} feel in the hand?
        Will {x} rust, crack or chip over time?
        How much drawer or shelf space {does} {x} take up?
    """),
    market=frames("""
        Which kitchenware brands do professional cooks use?
        What are the best {kinds} for a small kitchen?
        Which materials are best for {goods}?
        Are expensive {goods} better than supermarket ones?
        Which kitchen brands offer the best starter sets?
    """),
    foreign="blender oven stove microwave kettle toaster",
)

FURNITURE = Domain(
    nouns="bed, sofa, couch, table, bedside table, coffee table, dining table, chair, office chair, conference "
    "chair, desk, lamp, table lamp, desk lamp, floor lamp, shelf, bookcase, wardrobe, mattress, cushion, "
    "pillow, rug, carpet, curtain, vase, mirror, photo frame, plant pot, candle, blanket, stool, bench, swing",
    categories="furniture decoration decor homewares homeware living bedroom",
    product=frames("""
        What interior style {does} {x} go with?
        {Does} {x} need to be assembled or installed?
        In which colors or finishes {is} {x} available?
        {Is} {x} suitable for a small apartment?
        Can {x} be used outdoors?
        How do I get stains or dust off {x}?
        Will sunlight fade {x} over time?
        Which room {is} {x} best for?
        {Is} {x} safe around small children?
        How {is} {x} delivered to my door?
    """),
    market=frames("""
        Which furniture and home brands offer the best quality for the price?
        What {goods} are in style this year?
        Where do interior designers buy {goods}?
        What are good designer-look alternatives to {x}?
        Which home brands use sustainable materials?
        Are {goods} from online shops as good as those from a showroom?
    """),
)

SPORTS = Domain(
    nouns="harness, climbing harness, goggles, snowboard, skis, tent, headlamp, helmet, hiking poles, trekking "
    "poles, compass, bat, ball, basketball, football, volleyball, baseball ball=baseballs, shuttlecock, "
    "racket, baseball glove, bike, bicycle, ice axe, gps navigator=GPS devices, gps watch=GPS watches, "
    "sleeping bag, yoga mat, dumbbell, rope, carabiner, dry bag, chalk bag, kayak, skateboard, snowboard "
    "boot, ski boot, treadmill, golf club, bike computer, biking computer=bike computers, cycling "
    "computer=bike computers",
    categories="sport sports outdoor outdoors climbing ski skiing snowboarding cycling trekking hiking camping fitness "
    "navigation running golf tennis",
    product=frames("""
        {Is} {x} suitable for beginners?
        Would advanced athletes be happy with {x}?
        How do I choose the right size of {x}?
        {Does} {x} stand up to hard use?
        Can I use {x} in any weather?
        What safety standards {does} {x} meet?
        {Is} {x} allowed in competitions?
        How easy {is} {x} to carry or transport?
        How should I check {x} before each use?
        When is it time to replace {x}?
    """),
    market=frames("""
        What are the best {kinds} for beginners?
        Which {goods} do professionals use?
        Which sports brands are known for the best safety record?
        What {goods} do clubs and schools buy?
        Is it better to rent or buy {goods}?
        Which sports and outdoor brands are growing fastest?
        What are the lightest {kinds} available?
    """),
)

VEHICLES = Domain(
    nouns="car, vehicle, motorcycle, motorbike, electric scooter, motor scooter, suv=SUVs, truck, pickup",
    categories="vehicle vehicles motorcycle motorcycles cars car motorbikes",
    product=frames("""
        What is the fuel consumption or range of {x}?
        How much does it cost to insure {x}?
        How often {does} {x} need servicing?
        What safety features {does} {x} have?
        How {does} {x} handle on long journeys?
        How powerful is the engine of {x}?
        {Is} {x} suitable for new drivers?
        How reliable {is} {x} after several years?
        What known problems {does} {x} have?
    """),
    market=frames("""
        Which {goods} keep their value best?
        What are the most reliable {kinds} on the market?
        Which rivals of {x} are cheaper to run?
        Is now a good time to buy {goods}?
        Which manufacturers of {goods} have the best dealer network?
        Are electric {goods} a better choice today?
    """),
    foreign="cover mat part parts tyre tire oil filter seat mount holder cleaner polish wax helmet wiper wipers",
    lasting=False,
)

CAR_PARTS = Domain(
    nouns="tyre, tire, car battery, floor mat, dash cam, roof box, brake pad, oil filter, car seat, wiper blade",
    categories="automotive auto autoparts",
    product=frames("""
        Which makes and models {does} {x} fit?
        Can I install {x} myself?
        {Does} {x} meet the original manufacturer's specifications?
        How long {does} {x} last under normal driving?
        Do I need special tools to fit {x}?
        Will using {x} affect the warranty of my car?
    """),
    market=frames("""
        Which brands of {goods} do mechanics trust?
        Are original parts better than aftermarket ones?
        Where is it cheapest to buy {goods}?
        Which {goods} came out best in recent tests?
    """),
    by_category_alone=True,
)

EQUIPMENT = (COMPUTERS, AUDIO, ELECTRONICS, APPLIANCES, KITCHEN, FURNITURE, SPORTS, VEHICLES, CAR_PARTS)
